using System.Buffers.Text;
using System.Text;
using Sandbox.Core.Execs;
using Sandbox.Core.Files;
using Sandbox.Core.Images;
using Sandbox.Core.Networks;
using Sandbox.Core.Quotas;

namespace Sandbox.Core.Recipes;

/// <summary>
/// The bounds of a recipe. The web process checks a recipe when it arrives; the daemon checks the sandbox's spec again.
/// Recipes come as JSON from anybody, so every member may be null whatever its type says.
/// </summary>
public static class RecipeRules
{
    private static readonly string[] ReservedNames =
    [
        "localhost", "localdomain", "localnet", "broadcasthost", "ip6-localhost", "ip6-loopback", "ip6-localnet",
        "ip6-mcastprefix", "ip6-allnodes", "ip6-allrouters", "gateway", "resolver", "dns", "host", "wpad", "isatap",
    ];

    /// <summary>Nodes of one playground.</summary>
    public const int MaxNodes = Plan.MostNodes;

    /// <summary>Characters of a node's name.</summary>
    public const int MaxNameLength = 32;

    /// <summary>Characters of an image's name.</summary>
    public const int MaxImageLength = 255;

    /// <summary>Variables.</summary>
    public const int MaxEnv = 256;

    /// <summary>Bytes of all variables in UTF-8, names and values.</summary>
    public const int MaxEnvBytes = 64 * 1024;

    /// <summary>Characters of a user.</summary>
    public const int MaxUserLength = 64;

    /// <summary>Files.</summary>
    public const int MaxFiles = 64;

    /// <summary>Bytes of all files.</summary>
    public const int MaxFileBytes = 1024 * 1024;

    /// <summary>Setup commands.</summary>
    public const int MaxSetup = 32;

    /// <summary>Bytes of all setup commands in UTF-8.</summary>
    public const int MaxSetupBytes = 128 * 1024;

    /// <summary>Every mistake at once, each beginning with where it is: <c>nodes[0].files[2].mode: …</c>. Empty when all is well.</summary>
    public static IReadOnlyList<string> Validate(Recipe recipe)
    {
        var mistakes = new List<string>();
        if (recipe?.Nodes is not { Count: >= 1 and <= MaxNodes } nodes || nodes.Any(node => node is null))
        {
            return [$"nodes: 1 to {MaxNodes}"];
        }

        if (recipe.Version != RecipeJson.Version)
        {
            mistakes.Add($"version: {RecipeJson.Version}");
        }

        for (var at = 0; at < nodes.Count; at++)
        {
            CheckNode(nodes[at], $"nodes[{at}].", mistakes);
        }

        CheckNames(nodes, mistakes);
        RecipeVolumeRules.CheckWriters(nodes, mistakes);
        ParameterRules.Check(recipe, mistakes);
        RecipeTerminalRules.Check(recipe, mistakes);
        if (nodes.Max(node => node.Env?.Count) + recipe.Parameters?.Count > MaxEnv)
        {
            mistakes.Add($"parameters: at most {MaxEnv} together with the env of a node");
        }

        return mistakes;
    }

    /// <summary>
    /// Whether a name would shadow another for the nodes of a playground: those that every host has, those that programs look
    /// for on any network, and numbers, which programs read as addresses.
    /// </summary>
    public static bool IsReservedName(string name) =>
        ReservedNames.Contains(name, StringComparer.Ordinal)
        || name.All(char.IsAsciiDigit)
        || (name.StartsWith("0x", StringComparison.Ordinal) && name[2..].All(char.IsAsciiHexDigitLower));

    /// <summary>Whether a text is a node's name, and so a host name: RFC 1123, at most 32 characters.</summary>
    public static bool IsName(string? text) =>
        text is { Length: > 0 and <= MaxNameLength }
        && text[0] != '-' && text[^1] != '-'
        && text.All(letter => char.IsAsciiLetterLower(letter) || char.IsAsciiDigit(letter) || letter == '-');

    /// <summary>Reads permission bits as chmod takes them in octal, 0 to 07777. Null and empty are no mode.</summary>
    public static bool TryParseMode(string? text, out int mode)
    {
        mode = 0;
        if (text is null || text.Length is 0 or > 5)
        {
            return false;
        }

        foreach (var digit in text)
        {
            if (digit is not (>= '0' and <= '7'))
            {
                return false;
            }

            mode = (mode * 8) + (digit - '0');
        }

        return mode <= 0xFFF;
    }

    private static void CheckNode(RecipeNode node, string at, List<string> mistakes)
    {
        CheckName(node.Name, at + "name", mistakes);
        if (node.Build is { } build)
        {
            BuildRules.Check(build, at + "build", mistakes);
            if (node.Image is not "" && !Digest.TryParse(node.Image, out _))
            {
                mistakes.Add($"{at}image: either image or build; both only in a lock, whose image is the digest of what was built");
            }
        }
        else if (node.Image is null || node.Image.Length is 0 or > MaxImageLength || node.Image.Any(letter => char.IsControl(letter) || char.IsWhiteSpace(letter)))
        {
            mistakes.Add($"{at}image: 1 to {MaxImageLength} characters without spaces");
        }

        CheckContent(node, at, mistakes);
        CheckSetup(node.Setup, at + "setup", mistakes);
        PortRules.Check(node.Ports, at + "ports", mistakes);
        ResourceRules.Check(node.Resources, at + "resources", mistakes);
        RepositoryRules.Check(node.Repositories, at + "repositories", mistakes);
        RecipeVolumeRules.Check(node, at + "volumes", mistakes);
    }

    /// <summary>Nodes find each other by name, so a name is one node's, and nothing else's. A node alone is looked for by nobody.</summary>
    private static void CheckNames(IReadOnlyList<RecipeNode> nodes, List<string> mistakes)
    {
        for (var at = 0; at < nodes.Count && nodes.Count > 1; at++)
        {
            var name = nodes[at].Name;
            if (IsName(name) && IsReservedName(name))
            {
                mistakes.Add($"nodes[{at}].name: {name} means something else on a network");
            }
            else if (IsName(name) && nodes.Take(at).Any(before => before.Name == name))
            {
                mistakes.Add($"nodes[{at}].name: another node is called {name}");
            }
        }
    }

    internal static void CheckName(string? name, string what, List<string> mistakes)
    {
        if (!IsName(name))
        {
            mistakes.Add($"{what}: 1 to 32 lower-case letters, digits and dashes, no dash at either end");
        }
    }

    /// <summary>A title or another text of one line; null is none.</summary>
    internal static void CheckLabel(string? text, int most, string what, List<string> mistakes)
    {
        if (text is not null && (text.Length == 0 || text.Length > most || text.Any(char.IsControl)))
        {
            mistakes.Add($"{what}: 1 to {most} characters on one line, without control characters");
        }
    }

    internal static void CheckContent(RecipeContent content, string at, List<string> mistakes)
    {
        CheckEnv(content.Env, at + "env", mistakes);
        if (content.Workdir is not null && !SandboxPath.TryParse(content.Workdir, out _))
        {
            mistakes.Add($"{at}workdir: an absolute path without .., at most {SandboxPath.MaxLength} bytes");
        }
        else if (content.Workdir is not null && IsKernelDirectory(content.Workdir))
        {
            mistakes.Add($"{at}workdir: not a directory of the kernel (/proc, /sys, /dev)");
        }

        if (content.User is not null && !IsUser(content.User))
        {
            mistakes.Add($"{at}user: a user or uid, or user:group, at most {MaxUserLength} characters");
        }

        CheckFiles(content.Files, at + "files", mistakes);
        NetworkPolicy.Check(content.Network, content.Domains, at, mistakes);

        // The runtime knows which classes there are; here is only the form of their names.
        if (content.Isolation is not null && !IsName(content.Isolation))
        {
            mistakes.Add($"{at}isolation: 1 to 32 lower-case letters, digits and dashes, no dash at either end");
        }
    }

    private static void CheckEnv(IReadOnlyDictionary<string, string>? env, string what, List<string> mistakes)
    {
        if (env is null || env.Count > MaxEnv)
        {
            mistakes.Add($"{what}: at most {MaxEnv} variables");
            return;
        }

        var bytes = 0L;
        foreach (var (name, value) in env)
        {
            if (!IsEnvName(name))
            {
                mistakes.Add($"{what}: {Shown(name)} is no name; letters, digits and underscores, no digit first");
            }

            if (value is null || value.Contains('\0', StringComparison.Ordinal))
            {
                mistakes.Add($"{what}: the value of {Shown(name)} is missing or holds NUL");
            }

            bytes += EnvBytes(name, value);
        }

        if (bytes > MaxEnvBytes)
        {
            mistakes.Add($"{what}: at most 64 KiB in all");
        }
    }

    /// <summary>
    /// Whether a path leads to the kernel's own files. A process that starts in one of them could reach descriptors of
    /// the program that starts it (CVE-2024-21626).
    /// </summary>
    public static bool IsKernelDirectory(string path) =>
        path.Split('/', StringSplitOptions.RemoveEmptyEntries).FirstOrDefault(part => part != ".") is "proc" or "sys" or "dev";

    private static void CheckFiles(IReadOnlyList<RecipeFile>? files, string what, List<string> mistakes)
    {
        if (files is null || files.Count > MaxFiles)
        {
            mistakes.Add($"{what}: at most {MaxFiles}");
            return;
        }

        var bytes = 0L;
        for (var at = 0; at < files.Count; at++)
        {
            if (files[at] is not { } file)
            {
                mistakes.Add($"{what}[{at}]: missing");
                continue;
            }

            if (!SandboxPath.TryParse(file.Path, out var path) || path.Bytes.Length == 1)
            {
                mistakes.Add($"{what}[{at}].path: an absolute path of a file without .., at most {SandboxPath.MaxLength} bytes");
            }

            if (file.Mode is not null && !TryParseMode(file.Mode, out _))
            {
                mistakes.Add($"{what}[{at}].mode: octal, 0 to 07777");
            }

            bytes += CheckFileContent(file, $"{what}[{at}]", mistakes);
        }

        if (bytes > MaxFileBytes)
        {
            mistakes.Add($"{what}: at most 1 MiB in all");
        }
    }

    /// <summary>The bytes the file comes to; for base64 no less than two thirds of its text, so that blanks between are no way past the bound.</summary>
    internal static long CheckFileContent(RecipeFile file, string what, List<string> mistakes)
    {
        if (file.Text is null == file.Base64 is null)
        {
            mistakes.Add($"{what}: either text or base64");
        }

        var length = 0L;
        if (file.Base64 is not null)
        {
            if (!Base64.IsValid(file.Base64.AsSpan(), out var decoded))
            {
                mistakes.Add($"{what}.base64: not base64");
            }

            length = Math.Max(decoded, file.Base64.Length * 2L / 3);
        }

        return length + (file.Text is null ? 0 : Encoding.UTF8.GetByteCount(file.Text));
    }

    private static void CheckSetup(IReadOnlyList<IReadOnlyList<string>>? setup, string what, List<string> mistakes)
    {
        if (setup is null || setup.Count > MaxSetup)
        {
            mistakes.Add($"{what}: at most {MaxSetup} commands");
            return;
        }

        var bytes = 0L;
        for (var at = 0; at < setup.Count; at++)
        {
            CommandRules.CheckCommand(setup[at], $"{what}[{at}]", mistakes);
            bytes += setup[at]?.Sum(word => Encoding.UTF8.GetByteCount(word ?? "") + 1L) ?? 0;
        }

        if (bytes > MaxSetupBytes)
        {
            mistakes.Add($"{what}: at most 128 KiB in all");
        }
    }

    /// <summary>What somebody wrote, as it may stand in a message: short and on one line.</summary>
    internal static string Shown(string text)
    {
        var shown = new string([.. text.Take(40).Select(letter => char.IsControl(letter) || char.IsSurrogate(letter) ? '?' : letter)]);
        return text.Length > 40 ? $"'{shown}…'" : $"'{shown}'";
    }

    /// <summary>The bytes that a variable takes of <see cref="MaxEnvBytes"/>.</summary>
    internal static long EnvBytes(string name, string? value) => Encoding.UTF8.GetByteCount(name) + Encoding.UTF8.GetByteCount(value ?? "") + 2;

    /// <summary>Whether a text is the name of a variable: letters, digits and underscores, no digit first.</summary>
    public static bool IsEnvName(string text) =>
        text.Length > 0 && !char.IsAsciiDigit(text[0]) && text.All(letter => char.IsAsciiLetterOrDigit(letter) || letter == '_');

    private static bool IsUser(string text)
    {
        var parts = text.Split(':');
        return text.Length <= MaxUserLength && parts.Length <= 2 && parts.All(part =>
            part.Length > 0
            && (char.IsAsciiLetterOrDigit(part[0]) || part[0] == '_')
            && part.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '_' or '.' or '-'));
    }
}
