using System.Globalization;
using System.Security.Cryptography;
using Microsoft.AspNetCore.DataProtection;

namespace Sandbox.Web.Previews;

/// <summary>
/// Signed passes to one port of one sandbox, with an end. One in an address is exchanged for one in a cookie of the
/// port's own origin. A pass says nothing about its bearer: all it opens is what that origin shows anyway.
/// </summary>
internal sealed class PreviewPasses(IDataProtectionProvider protection, TimeProvider time)
{
    private readonly ITimeLimitedDataProtector _protector = protection.CreateProtector("Sandbox.Previews").ToTimeLimitedDataProtector();

    /// <param name="port">The port.</param>
    /// <param name="ends">When the pass ends.</param>
    /// <param name="until">How long the cookie is good for that it is exchanged for.</param>
    public string Issue(SandboxPort port, DateTimeOffset ends, DateTimeOffset until) =>
        _protector.Protect(PreviewDomain.LabelOf(port) + " " + until.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture), ends);

    /// <summary>How long a pass opens that port; null if it is no pass to it, or has ended.</summary>
    public DateTimeOffset? Read(string? pass, SandboxPort port)
    {
        if (pass is null)
        {
            return null;
        }

        try
        {
            return _protector.Unprotect(pass, out _).Split(' ') is [var label, var end] && label == PreviewDomain.LabelOf(port)
                && DateTimeOffset.FromUnixTimeSeconds(long.Parse(end, CultureInfo.InvariantCulture)) is var until && until > time.GetUtcNow()
                ? until
                : null;
        }
        catch (CryptographicException)
        {
            return null;
        }
    }
}
