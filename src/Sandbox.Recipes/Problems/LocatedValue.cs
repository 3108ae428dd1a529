using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Sandbox.Recipes.Problems;

/// <summary>A value of JSON or YAML that knows its place. Lines and columns begin at 1.</summary>
public sealed partial record LocatedValue(int Line, int Column, JsonValueKind Kind, string? Text, IReadOnlyDictionary<string, LocatedValue> Members, IReadOnlyList<LocatedValue> Items)
{
    private static readonly Dictionary<string, LocatedValue> NoMembers = new(StringComparer.Ordinal);

    public LocatedValue? this[string name] => Members.GetValueOrDefault(name);

    /// <summary>The text of a string, number or boolean; null for all else, the empty string included.</summary>
    public string? Value => string.IsNullOrWhiteSpace(Text) ? null : Text;

    public string? ValueOf(string name) => this[name]?.Value;

    public bool IsTrue => Kind == JsonValueKind.True || string.Equals(Text, "true", StringComparison.OrdinalIgnoreCase);

    /// <summary>The value at a path such as <c>nodes[0].files[2].mode</c>, or the nearest one around it.</summary>
    public LocatedValue Find(string path)
    {
        var value = this;
        foreach (Match part in Part().Matches(path))
        {
            var next = part.Groups["index"] is { Success: true } index && int.TryParse(index.ValueSpan, CultureInfo.InvariantCulture, out var number)
                ? number < value.Items.Count ? value.Items[number] : null
                : value[part.Groups["name"].Value];
            if (next is null)
            {
                break;
            }

            value = next;
        }

        return value;
    }

    internal static LocatedValue Scalar(int line, int column, JsonValueKind kind, string? text) => new(line, column, kind, text, NoMembers, []);

    internal static LocatedValue Null(int line, int column) => Scalar(line, column, JsonValueKind.Null, null);

    internal static LocatedValue Array(int line, int column, IReadOnlyList<LocatedValue> items) => new(line, column, JsonValueKind.Array, null, NoMembers, items);

    internal static LocatedValue Object(int line, int column, IReadOnlyDictionary<string, LocatedValue> members) => new(line, column, JsonValueKind.Object, null, members, []);

    [GeneratedRegex(@"\[(?<index>\d{1,6})\]|(?<name>[^.\[\]]+)", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Part();
}
