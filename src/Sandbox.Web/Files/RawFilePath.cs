using System.Diagnostics.CodeAnalysis;
using System.Text;
using Sandbox.Core.Files;

namespace Sandbox.Web.Files;

/// <summary>
/// Reads the path of a file off the request target as it was sent. Names in a sandbox are bytes, and the server's own
/// decoding is for text: it folds <c>..</c>, keeps <c>%2F</c> and leaves what is not UTF-8 alone.
/// <code>/api/v1/sandboxes/abcdefghijklmnop/files/home/na%C3%AFve%FF.txt?mode=600</code>
/// </summary>
internal static class RawFilePath
{
    private const string Marker = "/files";

    public static bool TryParse(string target, string sandbox, [NotNullWhen(true)] out SandboxPath? path)
    {
        path = null;
        var end = target.IndexOf('?', StringComparison.Ordinal);
        var text = end < 0 ? target : target[..end];
        var owner = text.IndexOf("/sandboxes/" + sandbox + Marker, StringComparison.OrdinalIgnoreCase);
        if (owner < 0)
        {
            return false;
        }

        var encoded = text.AsSpan(owner + "/sandboxes/".Length + sandbox.Length + Marker.Length);
        return encoded.Length == 0
            ? SandboxPath.TryParse("/"u8, out path)
            : TryDecode(encoded, out var bytes) && SandboxPath.TryParse(bytes, out path);
    }

    /// <summary>Percent-decoding of RFC 3986 into bytes; a plus is a plus.</summary>
    private static bool TryDecode(ReadOnlySpan<char> encoded, [NotNullWhen(true)] out byte[]? bytes)
    {
        bytes = null;
        var decoded = new List<byte>(encoded.Length);
        for (var at = 0; at < encoded.Length; at++)
        {
            if (encoded[at] == '%')
            {
                if (at + 2 >= encoded.Length || !char.IsAsciiHexDigit(encoded[at + 1]) || !char.IsAsciiHexDigit(encoded[at + 2]))
                {
                    return false;
                }

                decoded.Add((byte)((Convert.ToInt32(encoded[at + 1].ToString(), 16) << 4) | Convert.ToInt32(encoded[at + 2].ToString(), 16)));
                at += 2;
            }
            else if (encoded[at] < 0x80)
            {
                decoded.Add((byte)encoded[at]);
            }
            else
            {
                decoded.AddRange(Encoding.UTF8.GetBytes(encoded[at].ToString()));
            }
        }

        bytes = [.. decoded];
        return true;
    }
}
