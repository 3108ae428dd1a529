using System.Security.Cryptography;
using Sandbox.Daemon.Images;

namespace Sandbox.Daemon.Terminals;

/// <summary>
/// The scripts by which the shell of a terminal marks its commands. Every sandbox sees them read-only in its /dev, not
/// among its files. Their directory on the host is named by their content and is never removed: a sandbox keeps the
/// scripts it was started with.
/// </summary>
internal sealed class ShellScripts
{
    /// <summary>Their directory in a sandbox.</summary>
    public const string Mounted = "/dev/shell";

    private const UnixFileMode ReadableFile = (UnixFileMode)0b110_100_100;
    private const UnixFileMode ReadableDirectory = (UnixFileMode)0b111_101_101;

    private static readonly string[] Names = ["ash", "bash", "fish", "zsh/.zshenv"];

    // These options only configure a shell. With any other it runs something and shows no prompt.
    private static readonly HashSet<string> Options = new(StringComparer.Ordinal) { "-i", "-l", "-il", "-li", "--login", "--interactive" };

    public ShellScripts(DaemonOptions options)
    {
        var files = Names.Select(name => (Name: name, Content: Read(name))).ToList();
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var (_, content) in files)
        {
            hash.AppendData(content);
        }

        Directory = Path.Combine(options.RunDirectory, "shell-" + Convert.ToHexStringLower(hash.GetHashAndReset().AsSpan(0, 8)));
        if (!System.IO.Directory.Exists(Directory))
        {
            var made = System.IO.Directory.CreateDirectory(Directory + ".new").FullName;
            File.SetUnixFileMode(made, ReadableDirectory);
            foreach (var (name, content) in files)
            {
                var file = Path.Combine(made, name);
                System.IO.Directory.CreateDirectory(Path.GetDirectoryName(file)!, ReadableDirectory);
                File.WriteAllBytes(file, content);
                File.SetUnixFileMode(file, ReadableFile);
            }

            System.IO.Directory.Move(made, Directory);
        }
    }

    /// <summary>The mount of the scripts.</summary>
    public string Directory { get; }

    /// <summary>
    /// Changes the start of an interactive shell so that it marks its commands; other commands stay as they are.
    /// Variables of the image that are in the way are saved for the script, which restores them.
    /// </summary>
    public static bool TryMark(IReadOnlyList<string> command, IReadOnlyList<string> environment, out IReadOnlyList<string> marked, out IReadOnlyList<string> markedEnvironment)
    {
        (marked, markedEnvironment) = (command, environment);
        if (command.Count > 1 && InteractiveCommand.IsEntrypoint(command[0]))
        {
            // The descriptor of the nonce stays open through it.
            var isShell = TryMark([.. command.Skip(1)], environment, out marked, out markedEnvironment);
            marked = [command[0], .. marked];
            return isShell;
        }

        var words = BaseName(command[0]) == "busybox" && command.Count > 1 ? 2 : 1;
        var options = command.Skip(words).ToList();
        if (!options.TrueForAll(Options.Contains))
        {
            return false;
        }

        switch (BaseName(command[words - 1]))
        {
            case "bash" when options.Exists(option => option is "-l" or "-il" or "-li" or "--login"):
                if (ValueOf(environment, "PROMPT_COMMAND") is not null)
                {
                    return false;
                }

                markedEnvironment = With(environment, "PROMPT_COMMAND", $". {Mounted}/bash");
                return true;
            case "bash":
                marked = [command[0], "--rcfile", Mounted + "/bash", .. options];
                return true;
            case "zsh":
                markedEnvironment = WithKept(environment, "ZDOTDIR", Mounted + "/zsh");
                return true;
            case "fish":
                marked = [command[0], "--init-command", $"source {Mounted}/fish", .. options];
                return true;
            case "sh" or "ash" or "dash":
                markedEnvironment = WithKept(environment, "ENV", Mounted + "/ash");
                return true;
            default:
                return false;
        }
    }

    private static List<string> WithKept(IReadOnlyList<string> environment, string name, string value)
    {
        var marked = With(environment, name, value);
        return ValueOf(environment, name) is { } before ? With(marked, "SANDBOX_" + name, before) : marked;
    }

    private static List<string> With(IReadOnlyList<string> environment, string name, string value) =>
        [.. environment.Where(line => !line.StartsWith(name + "=", StringComparison.Ordinal)), $"{name}={value}"];

    private static string? ValueOf(IReadOnlyList<string> environment, string name) =>
        environment.LastOrDefault(line => line.StartsWith(name + "=", StringComparison.Ordinal))?[(name.Length + 1)..];

    private static string BaseName(string program) => program[(program.LastIndexOf('/') + 1)..];

    private static byte[] Read(string name)
    {
        using var stream = typeof(ShellScripts).Assembly.GetManifestResourceStream($"Sandbox.Daemon.Shells.{name}") ?? throw new InvalidOperationException($"{name} is not embedded");
        using var copy = new MemoryStream();
        stream.CopyTo(copy);
        return copy.ToArray();
    }
}
