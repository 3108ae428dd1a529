using System.Text.Json.Serialization;
using MessagePack;
using MessagePack.Formatters;

namespace Sandbox.Web.Terminals;

/// <summary>One viewer.</summary>
/// <param name="Id">Told apart by it, as long as they stay.</param>
/// <param name="Name">What they are called; somebody else's words.</param>
/// <param name="Right">What they may do: watch, type or own.</param>
/// <param name="You">Whether it is who asked.</param>
/// <param name="Leads">Whether it is the owner's page that typed or was resized last.</param>
internal sealed record AudienceMember(string Id, string Name, [property: JsonIgnore] TerminalRight Right, bool You, bool Leads)
{
    public string Access => Right switch
    {
        TerminalRight.Own => "own",
        TerminalRight.Type => "type",
        _ => "watch",
    };
}

/// <summary>Who is on a terminal, and its size; 0 by 0 while it is not known.</summary>
internal sealed record AudienceItem(IReadOnlyList<AudienceMember> Viewers, int Cols, int Rows, [property: JsonIgnore] SizePolicy Size)
{
    public string Policy => Size == SizePolicy.Smallest ? "smallest" : "owner";
}

/// <summary><c>{"viewers":[{"id":"…","name":"owner","access":"own","you":true,"leads":true}],"cols":80,"rows":24,"policy":"owner"}</c></summary>
internal sealed class AudienceItemFormatter : IMessagePackFormatter<AudienceItem?>
{
    public void Serialize(ref MessagePackWriter writer, AudienceItem? value, MessagePackSerializerOptions options)
    {
        if (value is null)
        {
            writer.WriteNil();
            return;
        }

        writer.WriteMapHeader(4);
        writer.WriteString("viewers"u8);
        writer.WriteArrayHeader(value.Viewers.Count);
        foreach (var viewer in value.Viewers)
        {
            writer.WriteMapHeader(5);
            writer.WriteString("id"u8);
            writer.Write(viewer.Id);
            writer.WriteString("name"u8);
            writer.Write(viewer.Name);
            writer.WriteString("access"u8);
            writer.Write(viewer.Access);
            writer.WriteString("you"u8);
            writer.Write(viewer.You);
            writer.WriteString("leads"u8);
            writer.Write(viewer.Leads);
        }

        writer.WriteString("cols"u8);
        writer.Write(value.Cols);
        writer.WriteString("rows"u8);
        writer.Write(value.Rows);
        writer.WriteString("policy"u8);
        writer.Write(value.Policy);
    }

    public AudienceItem? Deserialize(ref MessagePackReader reader, MessagePackSerializerOptions options) =>
        throw new MessagePackSerializationException("nobody sends viewers to us");
}
