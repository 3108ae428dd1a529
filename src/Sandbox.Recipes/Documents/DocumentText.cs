using System.Text;
using System.Text.Unicode;
using Sandbox.Recipes.Problems;

namespace Sandbox.Recipes.Documents;

/// <summary>The bytes of a document as text.</summary>
internal static class DocumentText
{
    /// <summary>Null with a mistake in the log when it is too large or not UTF-8.</summary>
    public static string? Decode(ReadOnlySpan<byte> bytes, string name, int most, ProblemLog log)
    {
        if (bytes.Length > most)
        {
            log.Mistake(name, 1, $"the document has more than {(most < 1 << 20 ? $"{most >> 10} KiB" : $"{most >> 20} MiB")}");
            return null;
        }

        if (!Utf8.IsValid(bytes))
        {
            log.Mistake(name, LineOfBadText(bytes), "the document is not UTF-8");
            return null;
        }

        return Encoding.UTF8.GetString(bytes).TrimStart('\uFEFF');
    }

    private static int LineOfBadText(ReadOnlySpan<byte> bytes)
    {
        var line = 1;
        while (Rune.DecodeFromUtf8(bytes, out var rune, out var length) == System.Buffers.OperationStatus.Done)
        {
            line += rune.Value == '\n' ? 1 : 0;
            bytes = bytes[length..];
        }

        return line;
    }
}
