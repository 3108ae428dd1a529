namespace Sandbox.Recipes.Addresses;

/// <summary>
/// The hosts that an address may name. The sandbox's network is what keeps a clone away from private addresses; this
/// refuses the ones that can be recognised by their name, with words.
/// </summary>
internal static class HostRules
{
    private static readonly string[] PrivateEnds = [".localhost", ".local", ".internal", ".lan", ".home.arpa", ".localdomain"];

    /// <summary>Whether a host is a DNS name with a dot, and no IP address in any of its spellings: <c>127.1</c>, <c>0x7f000001</c>, <c>[::1]</c>.</summary>
    public static bool IsPublicName(string host)
    {
        var labels = host.Split('.');
        return Uri.CheckHostName(host) == UriHostNameType.Dns
            && host.Length <= 253
            && labels.Length > 1
            && labels.All(label => label.Length is > 0 and <= 63)
            && !char.IsAsciiDigit(labels[^1][0])
            && !PrivateEnds.Any(end => host.EndsWith(end, StringComparison.OrdinalIgnoreCase));
    }
}
