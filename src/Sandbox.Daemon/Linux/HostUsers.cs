using System.Globalization;

namespace Sandbox.Daemon.Linux;

/// <summary>The host's own accounts. passwd(5)</summary>
internal static class HostUsers
{
    /// <summary>Uid and gid of an account.</summary>
    public static (uint Uid, uint Gid) Find(string name)
    {
        foreach (var line in File.ReadLines("/etc/passwd"))
        {
            var fields = line.Split(':');
            if (fields.Length >= 4 && fields[0] == name)
            {
                return (uint.Parse(fields[2], CultureInfo.InvariantCulture), uint.Parse(fields[3], CultureInfo.InvariantCulture));
            }
        }

        throw new IOException($"the host has no account '{name}'; infra/up makes it");
    }
}
