using MessagePack;
using MessagePack.Formatters;

namespace Sandbox.Web.Hub;

/// <summary>The terminal of a link, for its holder's page. Contains nothing that leads to the playground.</summary>
internal sealed record SharedTerminal(string TerminalId, string Image, string Title, string Access, DateTimeOffset? ExpiresAt);

/// <summary><c>{"terminalId":"…","image":"debian","title":"Debian 12","access":"watch","expiresAt":"2026-11-25T20:00:00.0000000+00:00"}</c></summary>
internal sealed class SharedTerminalFormatter : IMessagePackFormatter<SharedTerminal?>
{
    public void Serialize(ref MessagePackWriter writer, SharedTerminal? value, MessagePackSerializerOptions options)
    {
        if (value is null)
        {
            writer.WriteNil();
            return;
        }

        writer.WriteMapHeader(5);
        writer.WriteString("terminalId"u8);
        writer.Write(value.TerminalId);
        writer.WriteString("image"u8);
        writer.Write(value.Image);
        writer.WriteString("title"u8);
        writer.Write(value.Title);
        writer.WriteString("access"u8);
        writer.Write(value.Access);
        writer.WriteString("expiresAt"u8);
        writer.Write(value.ExpiresAt?.ToString("O"));
    }

    public SharedTerminal? Deserialize(ref MessagePackReader reader, MessagePackSerializerOptions options) =>
        throw new MessagePackSerializationException("nobody sends shared terminals to us");
}
