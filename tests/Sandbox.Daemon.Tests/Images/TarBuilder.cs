using System.Globalization;
using System.Text;

namespace Sandbox.Daemon.Tests.Images;

/// <summary>Writes tars as no honest program would: any name, any target, any owner.</summary>
internal sealed class TarBuilder
{
    private readonly List<byte> _tar = [];
    private readonly List<byte> _pax = [];

    public TarBuilder File(string name, string content = "content\n", int mode = 0x1A4, int uid = 0, int gid = 0) =>
        Entry('0', Encoding.UTF8.GetBytes(name), [], Encoding.UTF8.GetBytes(content), mode, uid, gid);

    public TarBuilder File(byte[] name, byte[] content) => Entry('0', name, [], content, 0x1A4, 0, 0);

    public TarBuilder Executable(string name, byte[] content) => Entry('0', Encoding.UTF8.GetBytes(name), [], content, 0x1ED, 0, 0);

    public TarBuilder Directory(string name, int mode = 0x1ED, int uid = 0, int gid = 0) => Entry('5', Encoding.UTF8.GetBytes(name), [], [], mode, uid, gid);

    public TarBuilder Symlink(string name, string target) => Entry('2', Encoding.UTF8.GetBytes(name), Encoding.UTF8.GetBytes(target), [], 0x1FF, 0, 0);

    public TarBuilder HardLink(string name, string target) => Entry('1', Encoding.UTF8.GetBytes(name), Encoding.UTF8.GetBytes(target), [], 0x1A4, 0, 0);

    public TarBuilder Device(string name, int major, int minor) => Entry('3', Encoding.UTF8.GetBytes(name), [], [], 0x1B6, 0, 0, major, minor);

    public TarBuilder OfType(char type, string name, string content) => Entry(type, Encoding.UTF8.GetBytes(name), [], Encoding.UTF8.GetBytes(content), 0x1A4, 0, 0);

    public TarBuilder Fifo(string name) => Entry('6', Encoding.UTF8.GetBytes(name), [], [], 0x1A4, 0, 0);

    /// <summary>A record in the PAX header of the next entry.</summary>
    public TarBuilder Pax(string key, byte[] value)
    {
        var rest = Encoding.UTF8.GetByteCount(key) + value.Length + 3; // space, equals sign, newline
        var length = rest + 1;
        while (length != rest + length.ToString(CultureInfo.InvariantCulture).Length)
        {
            length++;
        }

        _pax.AddRange([.. Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{length} {key}=")), .. value, (byte)'\n']);
        return this;
    }

    /// <summary>GNU's long name for the next entry.</summary>
    public TarBuilder LongName(string name) => Entry('L', "././@LongLink"u8.ToArray(), [], [.. Encoding.UTF8.GetBytes(name), 0], 0, 0, 0);

    public byte[] Build() => [.. _tar, .. new byte[1024]];

    private TarBuilder Entry(char type, byte[] name, byte[] target, byte[] content, int mode, int uid, int gid, int major = 0, int minor = 0)
    {
        if (_pax.Count > 0)
        {
            byte[] records = [.. _pax];
            _pax.Clear();
            Entry('x', "pax"u8.ToArray(), [], records, 0, 0, 0);
        }

        var header = new byte[512];
        name.AsSpan(0, Math.Min(100, name.Length)).CopyTo(header);
        Octal(mode, 100, 7);
        Octal(uid, 108, 7);
        Octal(gid, 116, 7);
        Octal(content.Length, 124, 11);
        Octal(1_600_000_000, 136, 11);
        header[156] = (byte)type;
        target.CopyTo(header, 157);
        "ustar\0"u8.CopyTo(header.AsSpan(257));
        "00"u8.CopyTo(header.AsSpan(263));
        Octal(major, 329, 7);
        Octal(minor, 337, 7);
        header.AsSpan(148, 8).Fill((byte)' ');
        Octal(header.Sum(part => part), 148, 6);
        _tar.AddRange(header);
        _tar.AddRange(content);
        _tar.AddRange(new byte[-content.Length & 511]);
        return this;

        void Octal(long value, int offset, int digits) =>
            Encoding.ASCII.GetBytes(Convert.ToString(value, 8).PadLeft(digits, '0') + "\0").CopyTo(header, offset);
    }
}
