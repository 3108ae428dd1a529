using System.Text;

namespace Sandbox.Web.Files;

/// <summary>Names and paths of a sandbox are bytes; in JSON they are text, and the bytes beside it when they are not UTF-8.</summary>
internal static class ByteText
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>The text, with replacement characters if need be, and then the bytes in base64.</summary>
    public static (string Text, string? Bytes) Of(ReadOnlySpan<byte> bytes)
    {
        try
        {
            return (Strict.GetString(bytes), null);
        }
        catch (DecoderFallbackException)
        {
            return (Encoding.UTF8.GetString(bytes), Convert.ToBase64String(bytes));
        }
    }
}
