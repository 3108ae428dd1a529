using System.Globalization;
using System.IO.Pipes;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.Win32.SafeHandles;
using Sandbox.Core.Errors;
using Sandbox.Daemon.Isolation;
using Sandbox.Daemon.Linux;

namespace Sandbox.Daemon.Images;

/// <summary>
/// Makes images from the operator's recipes: <c>make NAME DIRECTORY</c> leaves an OCI image layout in the directory.
/// While it works it prints lines like <c>40 installing python3</c>; the last line on stderr is the reason of a
/// failure. The end of its stdin means that nobody wants the image any more.
/// </summary>
internal sealed partial class ImageRecipes(string directory)
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(10);

    /// <summary>Whether there is a recipe of this name.</summary>
    public bool Has(string name) => Name().IsMatch(name) && Directory.Exists(Path.Combine(directory, name));

    public async Task<FetchedImage> MakeAsync(string name, string incoming, WorkReport report, CancellationToken cancellationToken)
    {
        var layout = Path.Combine(incoming, "layout");
        var scratch = Path.Combine(incoming, "scratch");
        Directory.CreateDirectory(layout);
        Directory.CreateDirectory(scratch);
        report.Say($"making {name}");

        // Files, not pipes: a process that the recipe leaves running would keep a pipe open. Its input is a pipe: it
        // closes when this daemon ends for any reason, and then the recipe ends.
        using var lifeline = new AnonymousPipeServerStream(PipeDirection.Out, HandleInheritability.None);
        using var input = new SafeFileHandle(lifeline.ClientSafePipeHandle.DangerousGetHandle(), ownsHandle: false);
        using var output = File.OpenHandle(Path.Combine(incoming, "stdout"), FileMode.CreateNew, FileAccess.ReadWrite, FileShare.ReadWrite);
        using var errors = File.OpenHandle(Path.Combine(incoming, "stderr"), FileMode.CreateNew, FileAccess.ReadWrite, FileShare.ReadWrite);

        // It works for minutes, and must not slow down anybody's terminal.
        var pid = Tool.Spawn("env", ["TMPDIR=" + scratch, "nice", "-n", "19", Path.Combine(directory, "make"), name, layout], input, output, errors);
        lifeline.DisposeLocalCopyOfClientHandle();
        var ended = Task.Factory.StartNew(() => Wait(pid), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        try
        {
            long offset = 0;
            while (!ended.IsCompleted)
            {
                await Task.WhenAny(ended, Task.Delay(LookEvery, cancellationToken));
                cancellationToken.ThrowIfCancellationRequested();
                offset = ReadProgress(output, offset, report);
            }
        }
        finally
        {
            await StopAsync(pid, ended);
        }

        var code = await ended;
        return code == 0 ? FetchedImage.FromLayout(layout, IsolationOf(name)) : throw Fault(name, LastLine(errors), incoming);
    }

    /// <summary><c>{"isolation": "nested", …}</c> in <c>image.json</c>: a class that no other source of images can ask for.</summary>
    private string? IsolationOf(string name)
    {
        var file = Path.Combine(directory, name, "image.json");
        if (!File.Exists(file))
        {
            return null;
        }

        using var recipe = JsonDocument.Parse(File.ReadAllBytes(file));
        return recipe.RootElement.TryGetProperty("isolation", out var isolation) ? IsolationClasses.Choose(isolation.GetString(), IsolationClasses.Names) : null;
    }

    // The recipe may have mounts to take away, so it is asked first.
    private static async Task StopAsync(int pid, Task ended)
    {
        if (ended.IsCompleted)
        {
            return;
        }

        _ = Tool.Kill(-pid, 15);
        await Task.WhenAny(ended, Task.Delay(Grace));
        _ = Tool.Kill(-pid, 9);
        await ended;
    }

    private static int Wait(int pid)
    {
        Native.Check(Native.WaitPid(pid, out var status, 0), "waitpid");
        return (status & 0x7f) == 0 ? (status >> 8) & 0xff : 128 + (status & 0x7f);
    }

    /// <returns>How far the output is read: whole lines only.</returns>
    private static long ReadProgress(SafeFileHandle output, long offset, WorkReport report)
    {
        var buffer = new byte[64 * 1024];
        while (RandomAccess.Read(output, buffer, offset) is var count and > 0)
        {
            var end = buffer.AsSpan(0, count).LastIndexOf((byte)'\n') + 1;
            if (end == 0)
            {
                return count == buffer.Length ? offset + count : offset;
            }

            foreach (var line in Encoding.UTF8.GetString(buffer, 0, end).Split('\n'))
            {
                if (Progress().Match(line) is { Success: true } match)
                {
                    report.Percent(int.Parse(match.Groups["percent"].ValueSpan, CultureInfo.InvariantCulture), ImageManifest.Shown(match.Groups["step"].Value));
                }
            }

            offset += end;
        }

        return offset;
    }

    private static string LastLine(SafeFileHandle errors)
    {
        var length = RandomAccess.GetLength(errors);
        var buffer = new byte[Math.Min(length, 4096)];
        var count = RandomAccess.Read(errors, buffer, length - buffer.Length);
        return Encoding.UTF8.GetString(buffer, 0, count).TrimEnd().Split('\n')[^1].Trim();
    }

    private static SandboxException Fault(string name, string complaint, string incoming)
    {
        if (complaint.Contains("no space left on device", StringComparison.OrdinalIgnoreCase))
        {
            return DiskReserve.Full();
        }

        var code = Network().IsMatch(complaint) ? ErrorCode.RegistryUnreachable : ErrorCode.Internal;
        var shown = ImageManifest.Shown(complaint.Replace(incoming + "/", "", StringComparison.Ordinal));
        return new SandboxException(code, $"The image {name} could not be made: {(shown.Length > 0 ? shown : "its recipe failed without a word")}");
    }

    [GeneratedRegex(@"\A[a-z0-9][a-z0-9.-]{0,63}\z", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Name();

    [GeneratedRegex(@"\A(?<percent>100|[0-9]{1,2}) (?<step>.+)\z", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Progress();

    [GeneratedRegex("resolv|unreachable|failed to fetch|connection (refused|reset|timed out)|could ?n.t connect|unable to connect|temporary failure|no such host", RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Network();
}
