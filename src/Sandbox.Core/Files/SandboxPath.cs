using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Sandbox.Core.Files;

/// <summary>
/// An absolute path in a sandbox, as bytes: file names are any bytes that the kernel accepts, not text. No segment is
/// <c>..</c>, none is empty; the root is <c>/</c>.
/// </summary>
public sealed class SandboxPath
{
    /// <summary>PATH_MAX of Linux, without its closing NUL.</summary>
    public const int MaxLength = 4095;

    private readonly byte[] _bytes;

    private SandboxPath(byte[] bytes) => _bytes = bytes;

    /// <summary>The root.</summary>
    public static SandboxPath Root { get; } = new("/"u8.ToArray());

    /// <summary>The path as the kernel takes it, without a closing NUL.</summary>
    public ReadOnlySpan<byte> Bytes => _bytes;

    /// <summary>Reads a path that came from outside. Doubled slashes, a closing slash and <c>.</c> segments are dropped; <c>..</c> is refused.</summary>
    public static bool TryParse(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out SandboxPath? path)
    {
        path = null;
        if (bytes.Length is 0 or > MaxLength || bytes[0] != (byte)'/' || bytes.Contains((byte)0))
        {
            return false;
        }

        var clean = new List<byte>(bytes.Length);
        foreach (var range in bytes.Split((byte)'/'))
        {
            var segment = bytes[range];
            if (segment.Length == 0 || segment.SequenceEqual("."u8))
            {
                continue;
            }

            if (segment.Length > 255 || segment.SequenceEqual(".."u8))
            {
                return false;
            }

            clean.Add((byte)'/');
            clean.AddRange(segment);
        }

        path = clean.Count == 0 ? Root : new SandboxPath([.. clean]);
        return true;
    }

    /// <summary>Reads a path that came from outside as text.</summary>
    public static bool TryParse(string? text, [NotNullWhen(true)] out SandboxPath? path)
    {
        path = null;
        return text is not null && TryParse(Encoding.UTF8.GetBytes(text), out path);
    }

    /// <summary>For people; names that are not UTF-8 show replacement characters.</summary>
    public override string ToString() => Encoding.UTF8.GetString(_bytes);
}
