using System.Text;
using System.Text.Json;

namespace Sandbox.Recipes.Problems;

/// <summary>Reads JSON into <see cref="LocatedValue"/>; comments and trailing commas are read over. Depth and size are bounded.</summary>
public static class LocatedJson
{
    private const int MostDepth = 32;
    private const int MostValues = 20_000;

    /// <summary>The value of a text; null with the one mistake that ended the reading.</summary>
    public static LocatedValue? Parse(string text, out int line, out int column, out string? mistake, bool allowDuplicates = true)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        var reader = new Utf8JsonReader(bytes, new JsonReaderOptions { AllowTrailingCommas = true, CommentHandling = JsonCommentHandling.Skip, MaxDepth = MostDepth });
        var places = new Places(bytes);
        (line, column, mistake) = (1, 1, null);
        try
        {
            reader.Read();
            var left = MostValues;
            var read = Read(ref reader, places, allowDuplicates, ref left);
            while (reader.Read())
            {
            }

            return read;
        }
        catch (JsonException e)
        {
            line = (int)(e.LineNumber ?? 0) + 1;
            column = places.Column(line, (int)(e.BytePositionInLine ?? 0));
            mistake = e.Message.Split(" LineNumber:", 2)[0];
        }
        catch (InvalidOperationException)
        {
            (line, column) = places.Of((int)reader.TokenStartIndex);
            mistake = "a string holds half a surrogate pair";
        }

        return null;
    }

    private static LocatedValue Read(ref Utf8JsonReader reader, Places places, bool allowDuplicates, ref int left)
    {
        var (line, column) = places.Of((int)reader.TokenStartIndex);
        if (--left < 0)
        {
            throw At(places, reader, $"the document has more than {MostValues} values");
        }

        switch (reader.TokenType)
        {
            case JsonTokenType.StartObject:
                var members = new Dictionary<string, LocatedValue>(StringComparer.Ordinal);
                while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
                {
                    var name = reader.GetString() ?? "";
                    if (!allowDuplicates && members.ContainsKey(name))
                    {
                        throw At(places, reader, $"the key {name} appears twice");
                    }

                    reader.Read();
                    members[name] = Read(ref reader, places, allowDuplicates, ref left);
                }

                return LocatedValue.Object(line, column, members);
            case JsonTokenType.StartArray:
                var items = new List<LocatedValue>();
                while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
                {
                    items.Add(Read(ref reader, places, allowDuplicates, ref left));
                }

                return LocatedValue.Array(line, column, items);
            case JsonTokenType.String:
                return LocatedValue.Scalar(line, column, JsonValueKind.String, reader.GetString());
            case JsonTokenType.Number:
                return LocatedValue.Scalar(line, column, JsonValueKind.Number, Encoding.UTF8.GetString(reader.ValueSpan));
            case JsonTokenType.True:
                return LocatedValue.Scalar(line, column, JsonValueKind.True, "true");
            case JsonTokenType.False:
                return LocatedValue.Scalar(line, column, JsonValueKind.False, "false");
            default:
                return LocatedValue.Null(line, column);
        }
    }

    private static JsonException At(Places places, Utf8JsonReader reader, string mistake)
    {
        var offset = (int)reader.TokenStartIndex;
        var (line, _) = places.Of(offset);
        return new JsonException(mistake, null, line - 1, offset - places.Start(line));
    }

    /// <summary>Lines, and columns in characters, of offsets in UTF-8.</summary>
    private sealed class Places
    {
        private readonly byte[] bytes;
        private readonly List<int> starts = [0];

        public Places(byte[] bytes)
        {
            this.bytes = bytes;
            for (var i = 0; i < bytes.Length; i++)
            {
                if (bytes[i] == '\n')
                {
                    starts.Add(i + 1);
                }
            }
        }

        public int Start(int line) => starts[Math.Min(line, starts.Count) - 1];

        public int Column(int line, int offsetInLine) => Encoding.UTF8.GetCharCount(bytes.AsSpan(Start(line), Math.Clamp(offsetInLine, 0, bytes.Length - Start(line)))) + 1;

        public (int Line, int Column) Of(int offset)
        {
            var found = starts.BinarySearch(offset);
            var line = found >= 0 ? found + 1 : ~found;
            return (line, Column(line, offset - Start(line)));
        }
    }
}
