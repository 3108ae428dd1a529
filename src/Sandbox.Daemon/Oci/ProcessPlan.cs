using Sandbox.Core.Images;
using Sandbox.Core.Terminals;

namespace Sandbox.Daemon.Oci;

/// <summary>The user of a process, as the sandbox numbers it.</summary>
internal sealed record ProcessUser(uint Uid, uint Gid, IReadOnlyList<uint> AdditionalGids, string Home, string Name)
{
    public static ProcessUser Root { get; } = new(0, 0, [], "/root", "root");
}

/// <summary>One process of a sandbox: the command and everything it starts with.</summary>
/// <param name="Command">The program and its arguments.</param>
/// <param name="Environment">Lines of <c>NAME=value</c>.</param>
/// <param name="Workdir">The directory it starts in.</param>
/// <param name="User">The user it runs as.</param>
internal sealed record ProcessPlan(IReadOnlyList<string> Command, IReadOnlyList<string> Environment, string Workdir, ProcessUser User)
{
    /// <summary>The terminal it gets; null for none.</summary>
    public TerminalSize? Terminal { get; init; }

    /// <summary>The variables of the image, then the recipe's, and those that programs expect to find.</summary>
    public static List<string> EnvironmentOf(ImageConfig image, IReadOnlyDictionary<string, string> recipe, ProcessUser user, bool terminal)
    {
        var variables = new Dictionary<string, string>(StringComparer.Ordinal) { ["PATH"] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" };
        if (terminal)
        {
            variables["TERM"] = "xterm-256color";
            variables["COLORTERM"] = "truecolor";

            // The page's terminal speaks UTF-8; a shell without a UTF-8 locale shows what is typed as octal numbers.
            variables["LANG"] = "C.UTF-8";
        }

        foreach (var line in image.Env)
        {
            var equals = line.IndexOf('=', StringComparison.Ordinal);
            if (equals > 0)
            {
                variables[line[..equals]] = line[(equals + 1)..];
            }
        }

        foreach (var (name, value) in recipe)
        {
            variables[name] = value;
        }

        variables.TryAdd("HOME", user.Home);
        return [.. variables.Select(variable => $"{variable.Key}={variable.Value}")];
    }
}
