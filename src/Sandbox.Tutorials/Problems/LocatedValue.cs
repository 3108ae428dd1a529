using System.Text;
using System.Text.Json;

namespace Sandbox.Tutorials.Problems;

/// <summary>A value of JSON or YAML that knows its place.</summary>
internal sealed record LocatedValue(int Line, int Column, JsonValueKind Kind, string? Text, IReadOnlyDictionary<string, LocatedValue> Members, IReadOnlyList<LocatedValue> Items)
{
    private static readonly Dictionary<string, LocatedValue> NoMembers = new(StringComparer.Ordinal);

    public LocatedValue? this[string name] => Members.GetValueOrDefault(name);

    /// <summary>The text of a string, number or boolean; null for all else, the empty string included.</summary>
    public string? Value => string.IsNullOrWhiteSpace(Text) ? null : Text;

    public string? ValueOf(string name) => this[name]?.Value;

    public bool IsTrue => Kind == JsonValueKind.True || string.Equals(Text, "true", StringComparison.OrdinalIgnoreCase);

    /// <summary>Parses JSON; comments and trailing commas are read over. A mistake is returned with its line.</summary>
    public static LocatedValue? ParseJson(string text, out int line, out string? mistake)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        var reader = new Utf8JsonReader(bytes, new JsonReaderOptions { AllowTrailingCommas = true, CommentHandling = JsonCommentHandling.Skip, MaxDepth = 32 });
        line = 1;
        mistake = null;
        try
        {
            var lines = new ByteLines(bytes);
            reader.Read();
            var read = Read(ref reader, lines);
            while (reader.Read())
            {
            }

            return read;
        }
        catch (JsonException e)
        {
            line = (int)(e.LineNumber ?? 0) + 1;
            mistake = e.Message.Split(" LineNumber:", 2)[0];
            return null;
        }
        catch (InvalidOperationException)
        {
            mistake = "a string holds half a surrogate pair";
            return null;
        }
    }

    private static LocatedValue Read(ref Utf8JsonReader reader, ByteLines lines)
    {
        var (line, column) = lines.At((int)reader.TokenStartIndex);
        switch (reader.TokenType)
        {
            case JsonTokenType.StartObject:
                var members = new Dictionary<string, LocatedValue>(StringComparer.Ordinal);
                while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
                {
                    var name = reader.GetString() ?? "";
                    reader.Read();
                    members[name] = Read(ref reader, lines);
                }

                return new LocatedValue(line, column, JsonValueKind.Object, null, members, []);
            case JsonTokenType.StartArray:
                var items = new List<LocatedValue>();
                while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
                {
                    items.Add(Read(ref reader, lines));
                }

                return new LocatedValue(line, column, JsonValueKind.Array, null, NoMembers, items);
            case JsonTokenType.String:
                return new LocatedValue(line, column, JsonValueKind.String, reader.GetString(), NoMembers, []);
            case JsonTokenType.Number:
                return new LocatedValue(line, column, JsonValueKind.Number, Encoding.UTF8.GetString(reader.ValueSpan), NoMembers, []);
            case JsonTokenType.True:
                return new LocatedValue(line, column, JsonValueKind.True, "true", NoMembers, []);
            case JsonTokenType.False:
                return new LocatedValue(line, column, JsonValueKind.False, "false", NoMembers, []);
            default:
                return new LocatedValue(line, column, JsonValueKind.Null, null, NoMembers, []);
        }
    }

    private sealed class ByteLines
    {
        private readonly List<int> starts = [0];

        public ByteLines(byte[] bytes)
        {
            for (var i = 0; i < bytes.Length; i++)
            {
                if (bytes[i] == '\n')
                {
                    starts.Add(i + 1);
                }
            }
        }

        public (int Line, int Column) At(int offset)
        {
            var found = starts.BinarySearch(offset);
            var line = found >= 0 ? found : ~found - 1;
            return (line + 1, offset - starts[line] + 1);
        }
    }
}
