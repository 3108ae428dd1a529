using System.Text.RegularExpressions;

namespace Sandbox.Core.Images;

/// <summary>Names for images that leave: <c>name:tag</c>, without a registry.</summary>
public static partial class ImageNames
{
    /// <summary>Whether a name has a tag and is one that Docker takes.</summary>
    public static bool IsValid(string name) => name.Length <= 255 && Name().IsMatch(name);

    /// <summary>Whether a text is a repository with a tag, as <c>library/debian:latest</c>.</summary>
    public static bool IsTagged(string name) => name.Length <= 255 && Tagged().IsMatch(name);

    // https://github.com/distribution/reference
    [GeneratedRegex("^[a-z0-9]+(?:[._-][a-z0-9]+)*:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Name();

    [GeneratedRegex("^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}\\z", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Tagged();
}
