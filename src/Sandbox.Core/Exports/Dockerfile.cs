using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Sandbox.Core.Files;
using Sandbox.Core.Images;

namespace Sandbox.Core.Exports;

/// <summary>What a Dockerfile builds: an image, as its difference from the one that it is built on.</summary>
public sealed record DockerfilePlan
{
    /// <summary>The name of the base image where it is built, with a tag: <c>sandbox/debian:3f6fb0a342b8</c>.</summary>
    public required string BaseName { get; init; }

    /// <summary>The base image.</summary>
    public required StoredImage Base { get; init; }

    /// <summary>The image.</summary>
    public required StoredImage Image { get; init; }

    /// <summary>What it deleted of the base's files, and whether there is a tar of changes.</summary>
    public required ImageDifference Difference { get; init; }
}

/// <summary>
/// Writes a Dockerfile. Its commands use the form of JSON arrays, which no shell reads, so a file's name cannot become a
/// command. https://docs.docker.com/reference/dockerfile/
/// </summary>
public static class Dockerfile
{
    /// <summary>The file with the changes, beside the Dockerfile. <c>ADD</c> unpacks it.</summary>
    public const string Changes = "changes.tar";

    private const int MostPathsPerCommand = 2000;
    private const int MostBytesPerCommand = 100_000; // a program's arguments are at most 128 KiB on some hosts

    /// <summary>Files that the builder mounts over those of the image: they cannot be deleted while it builds.</summary>
    private static readonly string[] Mounted = ["/etc/hosts", "/etc/hostname", "/etc/resolv.conf"];

    private static readonly JsonSerializerOptions Json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The text of the Dockerfile.</summary>
    public static string Write(DockerfilePlan plan)
    {
        var text = new StringBuilder();
        Line(text, $"# Rebuilds {plan.Image.Digest}");
        Line(text, $"# on {plan.Base.Digest}, which has to be loaded first under the name below:");
        Line(text, "#   docker load -i base.tar");
        Line(text, $"FROM {plan.BaseName}");
        var (kept, deleted) = (plan.Difference.Deleted.Where(IsMounted).ToList(), plan.Difference.Deleted.Where(path => !IsMounted(path)).ToList());
        foreach (var path in kept)
        {
            Line(text, $"# {path} was deleted; the builder mounts its own there.");
        }

        if (deleted.Count > 0)
        {
            if (!IsRoot(plan.Base.Config.User))
            {
                Line(text, "USER 0:0");
            }

            Delete(text, deleted);
        }

        if (plan.Difference.Entries > 0)
        {
            Line(text, $"ADD {Changes} /");
        }

        Configure(text, plan.Base.Config, plan.Image.Config, deleted.Count > 0);
        return text.ToString();
    }

    private static void Delete(StringBuilder text, IReadOnlyList<SandboxPath> paths)
    {
        var words = new List<string>();
        var bytes = 0;
        foreach (var path in paths)
        {
            if (IsText(path))
            {
                words.Add(path.ToString());
                bytes += path.Bytes.Length;
            }
            else
            {
                // A name that is not text: sh makes it of octal numbers. The dot keeps a line break at its end.
                Command(text, ["/bin/sh", "-c", $"path=$(printf '{Octal(path.Bytes)}.'); rm -rf -- \"${{path%.}}\""]);
            }

            if (words.Count == MostPathsPerCommand || bytes > MostBytesPerCommand)
            {
                Command(text, ["rm", "-rf", "--", .. words]);
                words.Clear();
                bytes = 0;
            }
        }

        if (words.Count > 0)
        {
            Command(text, ["rm", "-rf", "--", .. words]);
        }
    }

    private static void Configure(StringBuilder text, ImageConfig below, ImageConfig config, bool wasRoot)
    {
        foreach (var line in config.Env.Except(below.Env, StringComparer.Ordinal))
        {
            var name = line[..line.IndexOf('=', StringComparison.Ordinal)];
            var value = line[(name.Length + 1)..];
            Line(text, value.Any(char.IsControl)
                ? $"# {name} has control characters, which a Dockerfile cannot set: pass it with docker run --env."
                : $"ENV {name}=\"{Escape(value)}\"");
        }

        if (config.Workdir != below.Workdir)
        {
            Line(text, config.Workdir.Any(char.IsControl) ? "# The working directory has control characters, which a Dockerfile cannot set." : $"WORKDIR {Escape(config.Workdir)}");
        }

        if (config.User != below.User || (wasRoot && !IsRoot(below.User)))
        {
            Line(text, $"USER {(config.User.Length == 0 ? "0:0" : Escape(config.User))}");
        }

        if (!config.Entrypoint.SequenceEqual(below.Entrypoint, StringComparer.Ordinal))
        {
            Line(text, $"ENTRYPOINT {JsonSerializer.Serialize(config.Entrypoint, Json)}");
        }

        if (config.Command.Count > 0)
        {
            Line(text, $"CMD {JsonSerializer.Serialize(config.Command, Json)}");
        }
    }

    /// <summary>An instruction with a word on each line, because a Dockerfile's lines are at most 64 KiB.</summary>
    private static void Command(StringBuilder text, IReadOnlyList<string> words) =>
        Line(text, $"RUN [{string.Join(", \\\n  ", words.Select(word => JsonSerializer.Serialize(word, Json)))}]");

    private static void Line(StringBuilder text, string line) => text.Append(line).Append('\n');

    private static bool IsMounted(SandboxPath path)
    {
        var text = path.ToString();
        return Mounted.Contains(text, StringComparer.Ordinal)
            || text is "/proc" or "/sys" or "/dev"
            || text.StartsWith("/proc/", StringComparison.Ordinal) || text.StartsWith("/sys/", StringComparison.Ordinal) || text.StartsWith("/dev/", StringComparison.Ordinal);
    }

    private static bool IsRoot(string user) => user.Split(':')[0] is "" or "0" or "root";

    private static bool IsText(SandboxPath path) => Encoding.UTF8.GetBytes(path.ToString()).AsSpan().SequenceEqual(path.Bytes) && !path.ToString().Any(char.IsControl);

    private static string Octal(ReadOnlySpan<byte> bytes)
    {
        var text = new StringBuilder();
        foreach (var value in bytes)
        {
            _ = char.IsAsciiLetterOrDigit((char)value) || value is (byte)'/' or (byte)'_' or (byte)'-' or (byte)'.'
                ? text.Append((char)value)
                : text.Append('\\').Append(Convert.ToString(value, 8).PadLeft(3, '0'));
        }

        return text.ToString();
    }

    // Variables are replaced in the values of these instructions.
    private static string Escape(string value) => value
        .Replace("\\", "\\\\", StringComparison.Ordinal)
        .Replace("\"", "\\\"", StringComparison.Ordinal)
        .Replace("$", "\\$", StringComparison.Ordinal);
}
