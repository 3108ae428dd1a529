using System.Buffers;
using System.Text;
using System.Text.Json;

namespace Sandbox.Core.Recipes;

/// <summary>
/// JSON as RFC 8785 writes it: members sorted by their UTF-16 code units, no white space, only the escapes that JSON
/// demands. Two equal values have the same bytes, whichever version wrote them. Of numbers, integers only.
/// </summary>
internal static class CanonicalJson
{
    public static byte[] Write(JsonElement value)
    {
        var output = new ArrayBufferWriter<byte>();
        Write(value, output);
        return output.WrittenSpan.ToArray();
    }

    private static void Write(JsonElement value, ArrayBufferWriter<byte> output)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                WriteAll('{', value.EnumerateObject().OrderBy(member => member.Name, StringComparer.Ordinal), '}', output, member =>
                {
                    Write(member.Name, output);
                    output.Write(":"u8);
                    Write(member.Value, output);
                });
                break;
            case JsonValueKind.Array:
                WriteAll('[', value.EnumerateArray(), ']', output, item => Write(item, output));
                break;
            case JsonValueKind.String:
                Write(value.GetString()!, output);
                break;
            case JsonValueKind.Number:
                output.Write(Encoding.ASCII.GetBytes(value.GetInt64().ToString(System.Globalization.CultureInfo.InvariantCulture)));
                break;
            default:
                output.Write(Encoding.ASCII.GetBytes(value.GetRawText()));
                break;
        }
    }

    private static void WriteAll<T>(char open, IEnumerable<T> items, char close, ArrayBufferWriter<byte> output, Action<T> write)
    {
        output.Write([(byte)open]);
        var isFirst = true;
        foreach (var item in items)
        {
            if (!isFirst)
            {
                output.Write(","u8);
            }

            isFirst = false;
            write(item);
        }

        output.Write([(byte)close]);
    }

    private static void Write(string text, ArrayBufferWriter<byte> output)
    {
        var quoted = new StringBuilder(text.Length + 2).Append('"');
        foreach (var letter in text)
        {
            _ = letter switch
            {
                '"' => quoted.Append("\\\""),
                '\\' => quoted.Append("\\\\"),
                '\b' => quoted.Append("\\b"),
                '\t' => quoted.Append("\\t"),
                '\n' => quoted.Append("\\n"),
                '\f' => quoted.Append("\\f"),
                '\r' => quoted.Append("\\r"),
                < ' ' => quoted.Append(System.Globalization.CultureInfo.InvariantCulture, $"\\u{(int)letter:x4}"),
                _ => quoted.Append(letter),
            };
        }

        output.Write(Encoding.UTF8.GetBytes(quoted.Append('"').ToString()));
    }
}
