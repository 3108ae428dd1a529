using System.Diagnostics;
using System.Globalization;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Sandbox.Core.Files;
using Sandbox.Core.People;
using Sandbox.Core.Playgrounds;
using Sandbox.Core.Quotas;
using Sandbox.Core.Sandboxes;
using Sandbox.Daemon.Networks;
using Sandbox.Daemon.Sandboxes;
using Sandbox.Daemon.Tests.Sandboxes;
using Xunit;

namespace Sandbox.Attacks;

/// <summary>How much of something one process got, and the errno that ended it (0 when it got all it wanted).</summary>
public sealed record Loot(long Got, int Errno);

/// <summary>
/// A class of attacks: real programs in real sandboxes. Every attack is followed by the same call of a neighbour and of
/// the host's root, by a look at the host's memory, and by one at the programs that serve everybody.
/// </summary>
public abstract class Attacker(LinuxHost host) : IAsyncLifetime
{
    /// <summary>Other programs of the host come and go while a test runs.</summary>
    private const long Noise = 1L << 30;

    private static readonly Lazy<byte[]> Program = new(() => Compile("attack.c"));

    /// <summary>
    /// The program on the host. The compiler writes it: if this process did, a child that it forks at that moment would hold
    /// the file open for writing, and it could not be executed ("Text file busy").
    /// </summary>
    private static readonly Lazy<string> OnHost = new(() =>
    {
        var file = Path.Combine(Path.GetTempPath(), "sandbox-attack");
        Compile("attack.c", file, []);
        return file;
    });

    private readonly List<SandboxId> _made = [];
    private readonly long _available = HostMemory.Available();
    private readonly IReadOnlyList<int> _servers = [.. Servers(host).Intersect(Servers(host))];

    protected static CancellationToken Cancel => TestContext.Current.CancellationToken;

    internal LinuxHost Host => host;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    /// <summary>Removes what was launched. What it held of the host's memory is back soon after.</summary>
    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        foreach (var id in _made)
        {
            await host.Runtime.Sandboxes.RemoveAsync(id, CancellationToken.None);
        }

        long now = 0;
        for (var attempt = 0; attempt < 600 && (now = HostMemory.Available()) < _available - Noise; attempt++)
        {
            await Task.Delay(100, CancellationToken.None);
        }

        Assert.InRange(now, _available - Noise, long.MaxValue);

        // A program that the daemon starts has its name until it is another one.
        for (var attempt = 0; attempt < 50 && !_servers.SequenceEqual(Servers(host)); attempt++)
        {
            await Task.Delay(100, CancellationToken.None);
        }

        Assert.Equal(_servers, Servers(host));
    }

    /// <summary>
    /// The process numbers of this daemon and its resolver, and of the daemon and the web process of the instance that
    /// <c>infra/test</c> has running beside these tests.
    /// </summary>
    private static List<int> Servers(LinuxHost host) =>
    [
        Environment.ProcessId,
        host.Parts.GetRequiredService<PlaygroundNetworks>().ResolverProcess,
        .. Environment.GetEnvironmentVariable("SANDBOX_HOME") is { } home
            ? Process.GetProcesses().Select(process => process.Id).Order().Where(pid => IsOf(home, new FileInfo($"/proc/{Text(pid)}/exe").LinkTarget))
            : [],
    ];

    private static bool IsOf(string home, string? program) =>
        program?.StartsWith(home + "/", StringComparison.Ordinal) == true && Path.GetFileName(program) is "sandboxd" or "Sandbox.Web";

    protected SandboxSpec Spec()
    {
        var spec = new SandboxSpec
        {
            Id = SandboxId.New(),
            Playground = PlaygroundId.New(),
            Owner = PersonId.New(),
            Name = "main",
            Image = host.Busybox,
            Limits = new SandboxLimits(1, 256L << 20, 128, 64L << 20, 10_000),
            OwnerLimits = new SandboxLimits(2, 4L << 30, 4096, 4L << 30, 1_000_000),
            Deadline = DateTimeOffset.UtcNow.AddMinutes(10),
        };
        _made.Add(spec.Id);
        return spec;
    }

    /// <summary>A sandbox with the program of attacks in it.</summary>
    protected async Task<SandboxId> LaunchAsync(SandboxSpec? spec = null)
    {
        var id = (await host.Runtime.Sandboxes.CreateAsync(spec ?? Spec(), Cancel)).Id;
        Assert.True(SandboxPath.TryParse("/attack", out var path));
        await host.Runtime.Files.WriteAsync(id, path, 0b111_101_101, Once(Program.Value), Cancel);
        return id;
    }

    protected async Task<SandboxState> StateAsync(SandboxId id) =>
        (await host.Runtime.Sandboxes.FindAsync(id, Cancel) ?? throw new InvalidOperationException("it is gone")).State;

    /// <summary>Runs a command in a sandbox.</summary>
    protected async Task<(int Code, string Text)> RunAsync(SandboxId id, params string[] command)
    {
        var result = await host.Runtime.Sandboxes.ExecAsync(id, new() { Command = command, Timeout = TimeSpan.FromSeconds(60) }, Cancel);
        return (result.ExitCode, Encoding.UTF8.GetString(result.Stdout.Span) + Encoding.UTF8.GetString(result.Stderr.Span));
    }

    /// <summary>Waits until something is so; longer than anything here takes.</summary>
    protected static async Task UntilAsync(Func<Task<bool>> isTrue, string what)
    {
        for (var end = DateTimeOffset.UtcNow.AddMinutes(2); !await isTrue();)
        {
            Assert.True(DateTimeOffset.UtcNow < end, $"waited in vain: {what}");
            await Task.Delay(50, Cancel);
        }
    }

    /// <summary>
    /// Starts to hear datagrams in a sandbox, and runs what sends some, also ones from other addresses than the sender's.
    /// Prints the sources of those that came. The last one is the sender's own, and ends it.
    /// </summary>
    protected async Task<string> HearAsync(SandboxId hearer, Func<Task> send)
    {
        var heard = RunAsync(hearer, "/attack", "hear", "/heard");
        Assert.True(SandboxPath.TryParse("/heard", out var path));
        await UntilAsync(async () => await host.Runtime.Files.FindAsync(hearer, path, Cancel) is not null, "it hears");
        await send();
        var (code, text) = await heard;
        Assert.Equal(0, code); // the last one came
        return text;
    }

    /// <summary>Runs the program of attacks in a sandbox; see its source for kinds.</summary>
    protected async Task<IReadOnlyList<Loot>> AttackAsync(SandboxId id, string kind, int count, int processes = 1, int seconds = 0) =>
        Parse((await RunAsync(id, "/attack", kind, Text(count), Text(processes), Text(seconds))).Text);

    /// <summary>Begins an attack that goes on beside the test.</summary>
    protected Task BeginAsync(SandboxId id, string kind, int count, int processes = 1) => RunAsync(
        id, "sh", "-c", $"/attack {kind} {Text(count)} {Text(processes)} 60 > /dev/shm/loot 2>&1 &");

    /// <summary>A neighbour and the host's root do what the attacker did, in small.</summary>
    protected async Task AssertOthersCanAsync(string kind)
    {
        var neighbour = await LaunchAsync();
        Assert.Equal(new Loot(1, 0), Assert.Single(await AttackAsync(neighbour, kind, 1)));
        await AssertHostCanAsync(kind);
    }

    protected static async Task AssertHostCanAsync(string kind) => Assert.Equal(new Loot(1, 0), Assert.Single(Parse(await AttackOnHostAsync(kind, "1"))));

    /// <summary>Runs the program of attacks as root of the host.</summary>
    protected static async Task<string> AttackOnHostAsync(params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(OnHost.Value, arguments) { RedirectStandardOutput = true, UseShellExecute = false })!;
        return await process.StandardOutput.ReadToEndAsync(Cancel);
    }

    protected static IReadOnlyList<Loot> Parse(string text) =>
    [
        .. text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(' '))
            .Where(words => words.Length == 2 && long.TryParse(words[0], CultureInfo.InvariantCulture, out _))
            .Select(words => new Loot(long.Parse(words[0], CultureInfo.InvariantCulture), int.Parse(words[1], CultureInfo.InvariantCulture))),
    ];

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    protected static async IAsyncEnumerable<ReadOnlyMemory<byte>> Once(byte[] content)
    {
        await Task.CompletedTask;
        yield return content;
    }

    /// <summary>A static program: it runs in every image.</summary>
    protected static byte[] Compile(string source, params string[] options)
    {
        var file = Path.GetTempFileName();
        Compile(source, file, options);
        var program = File.ReadAllBytes(file);
        File.Delete(file);
        return program;
    }

    private static void Compile(string source, string file, string[] options)
    {
        using var compiler = Process.Start("gcc", ["-static", "-O1", "-Wall", "-Werror", .. options, "-o", file, Path.Combine(AppContext.BaseDirectory, "Programs", source)]);
        compiler.WaitForExit();
        Assert.Equal(0, compiler.ExitCode);
    }
}
