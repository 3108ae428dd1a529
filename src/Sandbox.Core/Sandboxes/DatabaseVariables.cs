using Sandbox.Core.Databases;
using Sandbox.Core.Images;

namespace Sandbox.Core.Sandboxes;

/// <summary>The variables of a sandbox beyond its image's and its recipe's: a server's password, and how other nodes find it.</summary>
public static class DatabaseVariables
{
    /// <summary>The recipe's variables of a sandbox, and its password if it is a server that has none.</summary>
    public static IReadOnlyDictionary<string, string> Own(SandboxSpec spec, ImageConfig image)
    {
        if (DatabaseKind.Find(spec.Database?.Kind ?? "") is not { } kind || Full(spec, image).GetValueOrDefault(kind.Password) is not { Length: > 0 } password)
        {
            return spec.Env;
        }

        var own = new Dictionary<string, string>(spec.Env, StringComparer.Ordinal) { [kind.Password] = password };
        if (kind.InnerPassword is { } inner)
        {
            own.TryAdd(inner, password);
        }

        return own;
    }

    /// <summary>
    /// The variables of a sandbox with those by which it finds the servers of its playground. A group of which it has one
    /// already is left out, so the first server of a kind has the clients' own names, and each has those of its node. A
    /// server finds no other: its image would read another's password as its own.
    /// </summary>
    /// <param name="spec">The sandbox.</param>
    /// <param name="image">Its image.</param>
    /// <param name="servers">The other sandboxes of its playground and their images, the first that was started first.</param>
    public static IReadOnlyDictionary<string, string> Of(SandboxSpec spec, ImageConfig image, IEnumerable<(SandboxSpec Spec, ImageConfig Image)> servers)
    {
        var own = Own(spec, image);
        if (spec.Database is not null)
        {
            return own;
        }

        Dictionary<string, string>? found = null;
        HashSet<string>? taken = null;
        foreach (var (server, config) in servers)
        {
            if (DatabaseKind.Find(server.Database?.Kind ?? "") is not { } kind)
            {
                continue;
            }

            found ??= new Dictionary<string, string>(own, StringComparer.Ordinal);
            taken ??= [.. Full(spec, image).Keys];
            foreach (var group in kind.Clients(server.Name, Full(server, config)).Where(group => !group.Keys.Any(taken.Contains)))
            {
                foreach (var (name, value) in group)
                {
                    found[name] = value;
                    taken.Add(name);
                }
            }
        }

        return found ?? own;
    }

    private static Dictionary<string, string> Full(SandboxSpec spec, ImageConfig image)
    {
        var all = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var line in image.Env)
        {
            if (line.IndexOf('=', StringComparison.Ordinal) is > 0 and var equals)
            {
                all[line[..equals]] = line[(equals + 1)..];
            }
        }

        foreach (var (name, value) in spec.Env)
        {
            all[name] = value;
        }

        if (spec.Database is { Password: { } password } server && DatabaseKind.Find(server.Kind) is { } kind && !kind.HasPassword(all))
        {
            all[kind.Password] = password;
        }

        return all;
    }
}
