using System.Text.Json;
using System.Text.RegularExpressions;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Sandbox.Recipes.Problems;

/// <summary>
/// Reads YAML into <see cref="LocatedValue"/>. Depth and size are bounded: values and characters of an anchor count again for
/// each of its aliases, because readers may copy them. It reads events, because the nodes of the library hash their keys: a key that is an alias of
/// nested aliases would take forever.
/// </summary>
public static partial class LocatedYaml
{
    private const int MostDepth = 16;
    private const int MostValues = 20_000;

    /// <summary>Characters that all aliases of a document bring in together, keys included.</summary>
    private const int MostRepeated = 1 << 20;

    /// <summary>The first document of a text; null with the one mistake that ended the reading.</summary>
    public static LocatedValue? Parse(string text, int firstLine, out int line, out int column, out string? mistake, bool allowMoreDocuments = true)
    {
        (line, column, mistake) = (firstLine, 1, null);
        try
        {
            return new Composer(new Parser(new StringReader(text)), firstLine - 1).Read(allowMoreDocuments);
        }
        catch (YamlException e)
        {
            // The library names the mapping around a tab, which begins anywhere before it.
            var tab = e.Message.Contains("invalid tab", StringComparison.Ordinal) ? Array.FindIndex(text.Split('\n'), row => row.TrimStart(' ').StartsWith('\t')) : -1;
            line = tab >= 0 ? firstLine + tab : (int)Math.Min(e.Start.Line, int.MaxValue / 2) + firstLine - 1;
            column = tab >= 0 ? 1 : (int)Math.Min(e.Start.Column, int.MaxValue / 2);
            mistake = (e.InnerException?.Message ?? e.Message).Split("): ", 3)[^1];
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException or FormatException or OverflowException or IndexOutOfRangeException)
        {
            // The parser's own answers to text that it did not foresee.
            mistake = "not YAML that can be read";
        }

        // A text without a single event has no place, and the library counts from 0 there.
        (line, column) = (Math.Max(line, 1), Math.Max(column, 1));
        return null;
    }

    /// <summary>An integer without a leading zero: <c>0644</c> is a mode.</summary>
    [GeneratedRegex(@"^-?(0|[1-9][0-9]{0,17})(\.[0-9]{1,18})?\z", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Number();

    private sealed class Composer(Parser parser, int linesBefore)
    {
        private readonly Dictionary<string, (LocatedValue Value, int Count, int Length, int Depth)> anchors = new(StringComparer.Ordinal);
        private int count;
        private int length;
        private int repeated;
        private int deepest;

        public LocatedValue Read(bool allowMoreDocuments)
        {
            while (parser.MoveNext() && parser.Current is StreamStart or DocumentStart)
            {
            }

            if (parser.Current is null or StreamEnd or DocumentEnd)
            {
                return LocatedValue.Null(linesBefore + 1, 1);
            }

            var read = Read(depth: 1);
            while (parser.MoveNext() && !allowMoreDocuments)
            {
                if (parser.Current is DocumentStart next)
                {
                    throw At(next, "a second document begins; only one is read");
                }
            }

            return read;
        }

        private LocatedValue Read(int depth)
        {
            var start = parser.Current!;
            Count(start, 1, depth);
            var (line, column) = ((int)start.Start.Line + linesBefore, (int)start.Start.Column);
            var (before, lengthBefore, around) = (count, length, deepest);
            deepest = depth;
            LocatedValue read;
            switch (start)
            {
                case AnchorAlias alias:
                    if (!anchors.TryGetValue(alias.Value.Value, out var anchored))
                    {
                        throw At(alias, $"the anchor {alias.Value.Value} is unknown, or contains itself");
                    }

                    Count(alias, anchored.Count, depth + anchored.Depth);
                    Repeat(alias, anchored.Length);
                    deepest = Math.Max(around, depth + anchored.Depth);
                    return anchored.Value;
                case MappingStart:
                    read = LocatedValue.Object(line, column, ReadMembers(depth));
                    break;
                case SequenceStart:
                    var items = new List<LocatedValue>();
                    while (parser.MoveNext() && parser.Current is not SequenceEnd)
                    {
                        items.Add(Read(depth + 1));
                    }

                    read = LocatedValue.Array(line, column, items);
                    break;
                case Scalar scalar:
                    read = ReadScalar(scalar, line, column);
                    length += scalar.Value.Length;
                    break;
                default:
                    throw At(start, "a value is missing");
            }

            if (start is NodeEvent { Anchor.IsEmpty: false } node)
            {
                anchors[node.Anchor.Value] = (read, count - before + 1, length - lengthBefore, deepest - depth);
            }

            deepest = Math.Max(around, deepest);
            return read;
        }

        private Dictionary<string, LocatedValue> ReadMembers(int depth)
        {
            var members = new Dictionary<string, LocatedValue>(StringComparer.Ordinal);
            while (parser.MoveNext() && parser.Current is not MappingEnd)
            {
                var key = parser.Current;
                if (key is not Scalar { Value: var name })
                {
                    throw At(key!, "a key must be a string");
                }

                if (members.ContainsKey(name))
                {
                    throw At(key, $"the key {name} appears twice");
                }

                length += name.Length;
                parser.MoveNext();
                members.Add(name, Read(depth + 1));
            }

            return members;
        }

        private static LocatedValue ReadScalar(Scalar scalar, int line, int column)
        {
            if (HasHalfPair(scalar.Value))
            {
                throw At(scalar, "a string holds half a surrogate pair");
            }

            return (scalar.Style, scalar.Value) switch
            {
                (ScalarStyle.Plain, "" or "~" or "null" or "Null" or "NULL") => LocatedValue.Null(line, column),
                (ScalarStyle.Plain, "true" or "True" or "TRUE") => LocatedValue.Scalar(line, column, JsonValueKind.True, "true"),
                (ScalarStyle.Plain, "false" or "False" or "FALSE") => LocatedValue.Scalar(line, column, JsonValueKind.False, "false"),
                (ScalarStyle.Plain, { Length: < 40 } text) when Number().IsMatch(text) => LocatedValue.Scalar(line, column, JsonValueKind.Number, text),
                var (_, text) => LocatedValue.Scalar(line, column, JsonValueKind.String, text),
            };
        }

        private static bool HasHalfPair(ReadOnlySpan<char> text)
        {
            while (text.IndexOfAnyInRange('\uD800', '\uDFFF') is >= 0 and var at)
            {
                if (System.Text.Rune.DecodeFromUtf16(text[at..], out _, out var length) != System.Buffers.OperationStatus.Done)
                {
                    return true;
                }

                text = text[(at + length)..];
            }

            return false;
        }

        private void Count(ParsingEvent at, int more, int depth)
        {
            count += more;
            if (depth > MostDepth || count > MostValues)
            {
                throw At(at, depth > MostDepth ? $"the document is nested more than {MostDepth} levels" : $"the document has more than {MostValues} values");
            }
        }

        private void Repeat(ParsingEvent at, int more)
        {
            length += more;
            repeated += more;
            if (repeated > MostRepeated)
            {
                throw At(at, $"the aliases of the document repeat more than {MostRepeated >> 20} MiB of text");
            }
        }

        private static YamlException At(ParsingEvent at, string mistake) => new(at.Start, at.End, mistake);
    }
}
