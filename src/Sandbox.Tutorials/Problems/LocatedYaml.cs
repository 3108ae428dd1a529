using System.Text.Json;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;
using YamlDotNet.RepresentationModel;

namespace Sandbox.Tutorials.Problems;

/// <summary>Reads YAML into <see cref="LocatedValue"/>. Depth and size are bounded, aliases included.</summary>
internal static class LocatedYaml
{
    private const int MostDepth = 16;
    private const int MostNodes = 20_000;

    private static readonly Dictionary<string, LocatedValue> NoMembers = new(StringComparer.Ordinal);

    /// <summary>The first document of a text; null with the one mistake that ended the reading.</summary>
    public static LocatedValue? Parse(string text, int firstLine, out int line, out int column, out string? mistake)
    {
        line = firstLine;
        column = 1;
        mistake = null;
        try
        {
            if (Bound(text) is { } unbounded)
            {
                mistake = unbounded;
                return null;
            }

            var stream = new YamlStream();
            stream.Load(new StringReader(text));
            var left = MostNodes;
            var read = stream.Documents.Count == 0 ? Null(firstLine, 1) : Read(stream.Documents[0].RootNode, firstLine - 1, 0, ref left);
            if (left <= 0)
            {
                mistake = "the document has too many values";
                return null;
            }

            return read;
        }
        catch (YamlException e)
        {
            line = (int)Math.Min(e.Start.Line, int.MaxValue / 2) + firstLine - 1;
            column = (int)Math.Min(e.Start.Column, int.MaxValue / 2);
            mistake = (e.InnerException?.Message ?? e.Message).Split("): ", 3)[^1];
            return null;
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException or FormatException or OverflowException or IndexOutOfRangeException)
        {
            // The parser's own answers to text that it did not foresee.
            mistake = "not YAML that can be read";
            return null;
        }
    }

    /// <summary>The reader into nodes calls itself for each level, so depth is counted before.</summary>
    private static string? Bound(string text)
    {
        var parser = new Parser(new StringReader(text));
        var depth = 0;
        var count = 0;
        while (parser.MoveNext())
        {
            depth += parser.Current is MappingStart or SequenceStart ? 1 : parser.Current is MappingEnd or SequenceEnd ? -1 : 0;
            if (depth > MostDepth || ++count > MostNodes)
            {
                return depth > MostDepth ? $"the document is nested more than {MostDepth} levels" : "the document has too many values";
            }
        }

        return null;
    }

    private static LocatedValue Read(YamlNode node, int before, int depth, ref int left)
    {
        var line = (int)node.Start.Line + before;
        var column = (int)node.Start.Column;
        if (--left <= 0 || depth > MostDepth)
        {
            left = 0;
            return Null(line, column);
        }

        switch (node)
        {
            case YamlMappingNode mapping:
                var members = new Dictionary<string, LocatedValue>(StringComparer.Ordinal);
                foreach (var (key, value) in mapping.Children)
                {
                    if (key is YamlScalarNode { Value: { } name })
                    {
                        members[name] = Read(value, before, depth + 1, ref left);
                    }
                }

                return new LocatedValue(line, column, JsonValueKind.Object, null, members, []);
            case YamlSequenceNode sequence:
                var items = new List<LocatedValue>();
                foreach (var item in sequence.Children)
                {
                    items.Add(Read(item, before, depth + 1, ref left));
                }

                return new LocatedValue(line, column, JsonValueKind.Array, null, NoMembers, items);
            case YamlScalarNode { Style: ScalarStyle.Plain, Value: "" or "~" or "null" or "Null" or "NULL" }:
                return Null(line, column);
            case YamlScalarNode { Style: ScalarStyle.Plain, Value: "true" or "True" or "TRUE" }:
                return new LocatedValue(line, column, JsonValueKind.True, "true", NoMembers, []);
            case YamlScalarNode { Style: ScalarStyle.Plain, Value: "false" or "False" or "FALSE" }:
                return new LocatedValue(line, column, JsonValueKind.False, "false", NoMembers, []);
            case YamlScalarNode scalar:
                return new LocatedValue(line, column, JsonValueKind.String, scalar.Value, NoMembers, []);
            default:
                return Null(line, column);
        }
    }

    private static LocatedValue Null(int line, int column) => new(line, column, JsonValueKind.Null, null, NoMembers, []);
}
