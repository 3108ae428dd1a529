using System.Text.Json.Serialization;
using MessagePack;
using MessagePack.Formatters;
using Sandbox.Web.Terminals;

namespace Sandbox.Web.Hub;

/// <summary>A stretch of a terminal's output.</summary>
/// <param name="Offset">How many bytes of the terminal came before the first one.</param>
/// <param name="Data">The bytes; base64 in JSON.</param>
/// <param name="ExitCode">On the last item only: how the command ended.</param>
/// <param name="Screen">
/// Where output was skipped: the size of the terminal that the bytes draw as it is now. They stand in place of the last
/// bytes skipped, so what a client holds is counted as ever.
/// </param>
/// <param name="Shell">For those who follow it: what the shell says of itself. Such an item has no bytes.</param>
internal sealed record TerminalItem(
    long Offset,
    ReadOnlyMemory<byte> Data,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] int? ExitCode,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] TtyScreenSize? Screen = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] ShellView? Shell = null);

/// <summary><c>{"offset":0,"data":bin}</c>, the last one with <c>"exitCode"</c>, one after a gap with <c>"screen":{"cols":80,"rows":24}</c>, one of the shell with <c>"shell"</c>: written by hand, because every byte of output passes here.</summary>
internal sealed class TerminalItemFormatter : IMessagePackFormatter<TerminalItem?>
{
    public void Serialize(ref MessagePackWriter writer, TerminalItem? value, MessagePackSerializerOptions options)
    {
        if (value is null)
        {
            writer.WriteNil();
            return;
        }

        writer.WriteMapHeader(2 + (value.ExitCode is null ? 0 : 1) + (value.Screen is null ? 0 : 1) + (value.Shell is null ? 0 : 1));
        writer.WriteString("offset"u8);
        writer.Write(value.Offset);
        writer.WriteString("data"u8);
        writer.Write(value.Data.Span);
        if (value.ExitCode is { } code)
        {
            writer.WriteString("exitCode"u8);
            writer.Write(code);
        }

        if (value.Screen is { } screen)
        {
            writer.WriteString("screen"u8);
            writer.WriteMapHeader(2);
            writer.WriteString("cols"u8);
            writer.Write(screen.Cols);
            writer.WriteString("rows"u8);
            writer.Write(screen.Rows);
        }

        if (value.Shell is { } shell)
        {
            writer.WriteString("shell"u8);
            ShellView.Write(ref writer, shell);
        }
    }

    public TerminalItem? Deserialize(ref MessagePackReader reader, MessagePackSerializerOptions options) =>
        throw new MessagePackSerializationException("nobody sends output to us");
}
