using System.Text.RegularExpressions;

namespace Sandbox.Core.Images;

/// <summary>Names for images that leave: <c>name:tag</c>, without a registry.</summary>
public static partial class ImageNames
{
    /// <summary>Whether a name has a tag and is one that Docker takes.</summary>
    public static bool IsValid(string name) => name.Length <= 255 && Name().IsMatch(name);

    // https://github.com/distribution/reference
    [GeneratedRegex("^[a-z0-9]+(?:[._-][a-z0-9]+)*:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Name();
}
