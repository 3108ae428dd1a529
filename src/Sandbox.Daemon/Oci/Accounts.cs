using System.Globalization;
using System.Text;
using Sandbox.Core.Errors;
using Sandbox.Daemon.Linux;

namespace Sandbox.Daemon.Oci;

/// <summary>The user of a process in a sandbox, in the sandbox's own ids.</summary>
/// <param name="Uid">Below 65536.</param>
/// <param name="Gid">Below 65536.</param>
/// <param name="AdditionalGids">The groups that list the user, unless the request names a group; at most 256, ascending.</param>
/// <param name="Home">An absolute path; <c>/</c> when the image does not say.</param>
/// <param name="Name">Empty when the image has no name for the uid.</param>
internal sealed record Account(uint Uid, uint Gid, IReadOnlyList<uint> AdditionalGids, string Home, string Name);

/// <summary>
/// Reads an image's own <c>/etc/passwd</c> and <c>/etc/group</c>, which anybody may have written. Malformed lines are
/// skipped, as by the C library.
/// https://github.com/opencontainers/image-spec/blob/main/config.md (User)
/// </summary>
internal static class Accounts
{
    /// <summary>The files that name users and groups.</summary>
    public static IReadOnlySet<string> Files { get; } = new HashSet<string>(StringComparer.Ordinal) { "/etc/passwd", "/etc/group" };

    private const int MaxFile = 1024 * 1024;
    private const int MaxLine = 4096;
    private const int MaxGroups = 256;
    private const uint Ids = 65_536;

    /// <summary>
    /// Finds the account a user spec names: empty (the image's root), <c>user</c>, <c>uid</c>, <c>user:group</c>,
    /// <c>uid:gid</c>, or a mixture. A name wins over a number. Code: Invalid.
    /// </summary>
    public static Account Resolve(RootedDirectory root, string user)
    {
        var colon = user.IndexOf(':', StringComparison.Ordinal);
        var who = colon < 0 ? user : user[..colon];
        var group = colon < 0 ? "" : user[(colon + 1)..];
        if (who.Length == 0)
        {
            who = "0";
        }

        // name:password:uid:gid:comment:home:shell
        // postgres:x:105:112:PostgreSQL administrator,,,:/var/lib/postgresql:/bin/bash
        string[]? found = null;
        var isNumber = TryNumber(who, out var number);
        foreach (var line in Lines(root, "/etc/passwd"))
        {
            if (line.Length < 4 || line[0].Length == 0)
            {
                continue;
            }

            if (line[0] == who)
            {
                found = line;
                break;
            }

            if (isNumber && found is null && TryNumber(line[2], out var lineUid) && lineUid == number)
            {
                found = line;
            }
        }

        ulong uid = number;
        ulong gid = 0;
        var name = "";
        var home = "/";
        if (found is not null)
        {
            if (!TryNumber(found[2], out uid) || !TryNumber(found[3], out gid))
            {
                throw Mistake($"The image's /etc/passwd has no usable numbers for the user '{who}'.");
            }

            name = found[0];
            home = found.Length > 5 && found[5].StartsWith('/') ? found[5] : "/";
        }
        else if (!isNumber)
        {
            throw Mistake($"The image has no user '{who}'. Name one that is in its /etc/passwd, or a number below {Ids}.");
        }

        return group.Length > 0
            ? new Account(Id(uid, "user"), Id(FindGroup(root, group), "group"), [], home, name)
            : new Account(Id(uid, "user"), Id(gid, "group"), name.Length > 0 ? GroupsOf(root, name, gid) : [], home, name);
    }

    private static ulong FindGroup(RootedDirectory root, string group)
    {
        // name:password:gid:members
        // audio:x:29:pulse,alice
        var isNumber = TryNumber(group, out var number);
        foreach (var line in Lines(root, "/etc/group"))
        {
            if (line.Length >= 3 && line[0] == group && TryNumber(line[2], out var gid))
            {
                return gid;
            }
        }

        return isNumber ? number : throw Mistake($"The image has no group '{group}'. Name one that is in its /etc/group, or a number below {Ids}.");
    }

    private static List<uint> GroupsOf(RootedDirectory root, string name, ulong primary)
    {
        var groups = new SortedSet<uint>();
        foreach (var line in Lines(root, "/etc/group"))
        {
            if (line.Length >= 4 && TryNumber(line[2], out var gid) && gid < Ids && gid != primary && line[3].Split(',').Contains(name, StringComparer.Ordinal))
            {
                groups.Add((uint)gid);
                if (groups.Count == MaxGroups)
                {
                    break;
                }
            }
        }

        return [.. groups];
    }

    /// <summary>The lines of a file, split at their colons. A missing file is empty; a line that is too long is skipped.</summary>
    private static IEnumerable<string[]> Lines(RootedDirectory root, string path)
    {
        var bytes = ReadSmall(root, path);
        for (var start = 0; start < bytes.Length;)
        {
            var length = bytes.AsSpan(start).IndexOf((byte)'\n');
            length = length < 0 ? bytes.Length - start : length;
            var line = bytes.AsSpan(start, length);
            start += length + 1;
            if (length is > 0 and <= MaxLine && line[0] != (byte)'#' && !line.Contains((byte)0))
            {
                yield return Encoding.UTF8.GetString(line).TrimEnd('\r').Split(':');
            }
        }
    }

    private static byte[] ReadSmall(RootedDirectory root, string path)
    {
        try
        {
            using var file = root.OpenRead(Encoding.UTF8.GetBytes(path));
            var length = file.Status().Size;
            if (length > MaxFile)
            {
                throw Mistake($"The image's {path} is larger than {MaxFile} bytes.");
            }

            var bytes = new byte[length];
            var read = 0;
            while (read < bytes.Length)
            {
                var count = file.Read(bytes.AsSpan(read), read);
                if (count == 0)
                {
                    break;
                }

                read += count;
            }

            return bytes[..read];
        }
        catch (PosixException e) when (e.Errno is Errno.NoEntry or Errno.NotDirectory)
        {
            return [];
        }
        catch (PosixException e)
        {
            throw new SandboxException(ErrorCode.Invalid, $"The image's {path} is not a readable file.", e);
        }
    }

    private static bool TryNumber(string text, out ulong number) => ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);

    private static uint Id(ulong id, string what) =>
        id < Ids ? (uint)id : throw Mistake($"The {what} id {id} is too large: a sandbox has ids 0 to {Ids - 1}.");

    private static SandboxException Mistake(string message) => new(ErrorCode.Invalid, message);
}
