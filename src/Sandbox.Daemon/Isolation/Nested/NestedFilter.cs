using System.Text.Json;
using System.Text.Json.Nodes;

namespace Sandbox.Daemon.Isolation.Nested;

/// <summary>A container's system call filter with the calls that a container engine makes.</summary>
internal static class NestedFilter
{
    /// <summary>
    /// Namespaces and mounts, for the engine's containers. <c>clone</c> has a rule in the container's filter that leaves out
    /// its flags of namespaces.
    /// </summary>
    private static readonly string[] Allowed = ["clone", "mount", "pivot_root", "setdomainname", "sethostname", "setns", "umount", "umount2", "unshare"];

    /// <summary>
    /// Answered as by a kernel without them, so that programs use the older calls. Engines do without keys, and the newer
    /// calls for mounts would only be more of the kernel to attack.
    /// </summary>
    private static readonly string[] Absent =
        ["add_key", "fsconfig", "fsmount", "fsopen", "fspick", "keyctl", "mount_setattr", "move_mount", "open_tree", "request_key"];

    /// <summary>
    /// Protocols of netlink that set up networks: routes and links, IPsec (asked for at start only), nftables, and the
    /// generic one of IPVS. https://man7.org/linux/man-pages/man7/netlink.7.html
    /// </summary>
    private static readonly int[] Netlinks = [0, 6, 12, 16];

    private const int AfNetlink = 16;
    private const int NoSuchCall = 38; // ENOSYS

    public static byte[] Of(ReadOnlyMemory<byte> container)
    {
        var filter = JsonNode.Parse(container.Span)!.AsObject();
        var rules = new JsonArray();
        foreach (var rule in filter["syscalls"]!.AsArray().Select(rule => rule!.AsObject()).Where(rule => !IsNetlink(rule)))
        {
            var names = rule["names"]!.AsArray().Select(name => name!.GetValue<string>()).Except([.. Allowed, .. Absent], StringComparer.Ordinal).ToArray();
            if (names.Length > 0)
            {
                var kept = rule.DeepClone().AsObject();
                kept["names"] = new JsonArray([.. names.Select(name => JsonValue.Create(name))]);
                rules.Add(kept);
            }
        }

        rules.Add(Rule("SCMP_ACT_ALLOW", Allowed));
        var absent = Rule("SCMP_ACT_ERRNO", Absent);
        absent["errnoRet"] = NoSuchCall;
        rules.Add(absent);
        foreach (var protocol in Netlinks)
        {
            var netlink = Rule("SCMP_ACT_ALLOW", ["socket"]);
            netlink["args"] = new JsonArray(Equal(0, AfNetlink), Equal(2, protocol));
            rules.Add(netlink);
        }

        filter["syscalls"] = rules;
        return JsonSerializer.SerializeToUtf8Bytes(filter);
    }

    private static bool IsNetlink(JsonObject rule) =>
        rule["names"]!.AsArray().Any(name => name!.GetValue<string>() == "socket")
        && rule["args"]!.AsArray().Any(argument => argument!["index"]!.GetValue<int>() == 0 && argument["value"]!.GetValue<long>() == AfNetlink);

    private static JsonObject Rule(string action, IEnumerable<string> names) =>
        new() { ["names"] = new JsonArray([.. names.Select(name => JsonValue.Create(name))]), ["action"] = action };

    private static JsonObject Equal(int argument, int value) => new() { ["index"] = argument, ["value"] = value, ["op"] = "SCMP_CMP_EQ" };
}
