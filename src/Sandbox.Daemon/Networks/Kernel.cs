namespace Sandbox.Daemon.Networks;

/// <summary>The kernel's switches under <c>/proc/sys/net</c>, in the calling thread's network namespace.</summary>
internal static class Kernel
{
    private const string ForwardFile = "/proc/sys/net/ipv4/ip_forward";

    /// <summary>Lets the host pass packets on. Returns false when it did already.</summary>
    public static bool EnableForwarding()
    {
        if (File.ReadAllText(ForwardFile).Trim() == "1")
        {
            return false;
        }

        File.WriteAllText(ForwardFile, "1");
        return true;
    }

    /// <summary>Takes IPv6 from a link, or with <c>default</c> from every link made later. A kernel without IPv6 is fine.</summary>
    public static void DisableIpv6(string link)
    {
        try
        {
            File.WriteAllText($"/proc/sys/net/ipv6/conf/{link}/disable_ipv6", "1");
        }
        catch (Exception missing) when (missing is DirectoryNotFoundException or FileNotFoundException)
        {
            return;
        }
    }
}
