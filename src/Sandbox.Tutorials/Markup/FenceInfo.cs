using System.Text.RegularExpressions;

namespace Sandbox.Tutorials.Markup;

/// <summary>
/// The words of an info string: <c>bash run in=2 insert="// here"</c>. The first word is the language unless it is
/// one of the format's own words.
/// </summary>
internal sealed partial class FenceInfo
{
    private readonly List<(string Name, string? Value)> words = [];

    public FenceInfo(string info)
    {
        foreach (Match match in Word().Matches(info.Length > 2000 ? info[..2000] : info))
        {
            words.Add((match.Groups["name"].Value, match.Groups["value"] is { Success: true } value ? value.Value : null));
        }
    }

    public IReadOnlyList<(string Name, string? Value)> Words => words;

    public string? First => words.Count > 0 && words[0].Value is null ? words[0].Name : null;

    public bool Has(string name) => words.Exists(word => word.Name == name);

    public string? ValueOf(string name) => words.Find(word => word.Name == name).Value;

    [GeneratedRegex("""(?<name>[^\s="']+)(=("(?<value>[^"]*)"|'(?<value>[^']*)'|(?<value>[^\s"']*)))?""", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Word();
}
