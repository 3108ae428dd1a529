using System.Diagnostics;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Sandbox.Core.Images;
using Sandbox.Core.Runtime;
using Sandbox.Core.Sandboxes;
using Sandbox.Daemon.ControlGroups;
using Sandbox.Daemon.Images;
using Sandbox.Daemon.Linux;
using Sandbox.Daemon.Networks;
using Sandbox.Daemon.Sandboxes;
using Xunit;

namespace Sandbox.Daemon.Tests.Sandboxes;

/// <summary>
/// The daemon's parts in this process, on directories, uids, addresses and names of their own beside any daemon the
/// host runs. Real root, real crun, real mounts: it must run where <c>infra/mount-namespace run</c> put it.
/// The directories are the same for every run, so that one finds what another that was killed left behind.
/// </summary>
public sealed class LinuxHost : IAsyncLifetime
{
    private const string Home = "/var/tmp/sandbox-daemon-tests";

    private ServiceProvider? _parts;
    private CancellationTokenSource _stop = new();

    internal DaemonOptions Options { get; private set; } = new()
    {
        DataDirectory = Path.Combine(Home, "data"),
        RegistryDirectory = Path.Combine(Home, "registry"),
        OwnRegistryDirectory = Path.Combine(Home, "registry-own"),
        RunDirectory = Path.Combine(Home, "run"),
        RecipeDirectory = Path.Combine(Home, "recipes"),
        TtyProgram = TtyProgram.Find(Repository),
        WebUser = "root",
        TtyUser = "nobody",
        DnsUser = "nobody",
        Instance = "sdt",
        UidBase = 1_879_048_192 + (3000u * 65_536),
        UidRanges = 64,
        AddressPool = "100.125.0.0/16",
        MaxEnded = 8,
    };

    // In use as long as this daemon lives: a web process that a test starts deletes the images that it knows nothing of.
    private readonly List<UnpackedImage> _held = [];

    internal static string Repository { get; } = FindRepository();

    internal Digest Busybox { get; private set; }

    /// <summary>BusyBox as an image that an operator made for the isolation class <c>nested</c>.</summary>
    internal Digest Nested { get; private set; }

    internal IServiceProvider Parts => _parts ?? throw new InvalidOperationException("not started");

    internal ISandboxRuntime Runtime => Parts.GetRequiredService<ISandboxRuntime>();

    public async ValueTask InitializeAsync()
    {
        // A run that was killed has left sandboxes, links and groups: the next daemon takes them over, and ends them.
        await StartAsync();
        await ClearAsync();
        await StartAsync();
        Busybox = await AddAsync("busybox");
        Nested = await AddAsync("nested");
        HoldImages();
    }

    private void HoldImages()
    {
        var store = Parts.GetRequiredService<ImageStore>();
        _held.Clear();
        _held.AddRange(store.List().Where(image => image.Digest == Busybox || image.Digest == Nested).Select(image => store.Acquire(image.Digest)));
    }

    /// <summary>The operator's recipes, and one more.</summary>
    private void WriteRecipes()
    {
        using var copy = Process.Start("cp", ["-r", "--", Path.Combine(Repository, "infra", "images"), Options.RecipeDirectory]);
        copy.WaitForExit();
        using var again = Process.Start("cp", ["-r", "--", Path.Combine(Options.RecipeDirectory, "busybox"), Path.Combine(Options.RecipeDirectory, "nested")]);
        again.WaitForExit();
        var file = Path.Combine(Options.RecipeDirectory, "nested", "image.json");
        var recipe = JsonNode.Parse(File.ReadAllText(file))!.AsObject();
        recipe.Remove("registry");
        recipe["isolation"] = "nested";
        recipe["config"]!["Labels"] = new JsonObject { ["nested"] = "yes" }; // another digest than BusyBox itself
        File.WriteAllText(file, recipe.ToJsonString());
    }

    /// <summary>What a daemon does when it starts: also when another one was here before.</summary>
    internal async Task StartAsync()
    {
        Directory.CreateDirectory(Options.DataDirectory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        Directory.CreateDirectory(Options.RunDirectory);
        if (!Directory.Exists(Options.RecipeDirectory))
        {
            WriteRecipes();
        }

        var services = new ServiceCollection();
        services.AddLogging(logging => logging.AddSimpleConsole(console => console.SingleLine = true).SetMinimumLevel(LogLevel.Warning)
            .AddFilter("Sandbox.Daemon.Sandboxes.SandboxLauncher", Environment.GetEnvironmentVariable("SANDBOX_TRACE") is null ? LogLevel.Warning : LogLevel.Information));
        DaemonHost.AddServices(services, Options);
        _parts = services.BuildServiceProvider();
        await _parts.GetRequiredService<SandboxRecovery>().RunAsync(CancellationToken.None);
        HoldImages();
        _stop = new CancellationTokenSource();
        _ = _parts.GetRequiredService<SandboxExpiry>().RunAsync(_stop.Token);
        _ = _parts.GetRequiredService<UncountedMemory>().RunAsync(_stop.Token);
        _ = _parts.GetRequiredService<NestedUse>().RunAsync(_stop.Token);
        _ = _parts.GetRequiredService<MemoryKills>().RunAsync(_stop.Token);
        _ = _parts.GetRequiredService<HostWatch>().RunAsync(_stop.Token);
    }

    /// <summary>The daemon is gone from one moment to the next; what it started goes on.</summary>
    internal async Task KillAsync()
    {
        await _stop.CancelAsync();
        foreach (var sandbox in Parts.GetRequiredService<LiveSandboxes>().All)
        {
            await sandbox.Gate.WaitAsync(); // for ever: it changes nothing any more
        }

        Parts.GetRequiredService<OrphanReaper>().Dispose(); // or it would take the next one's children for orphans
        await Parts.GetRequiredService<PlaygroundNetworks>().DisposeAsync();
        _parts = null;
    }

    /// <summary>The next daemon, with other options: another data directory is another server.</summary>
    internal async Task RestartAsync(Func<DaemonOptions, DaemonOptions> change)
    {
        await KillAsync();
        Options = change(Options);
        await StartAsync();
    }

    internal async Task<Digest> AddAsync(string recipe)
    {
        Digest? digest = null;
        await foreach (var progress in Runtime.Images.AddAsync(new ImageSource.Recipe(recipe), CancellationToken.None))
        {
            digest = progress.Image?.Digest ?? digest;
        }

        return digest ?? throw new InvalidOperationException("no image came");
    }

    public async ValueTask DisposeAsync()
    {
        await ClearAsync();

        // A layer's names may be any bytes, and no path of .NET holds those.
        using var removal = Process.Start("rm", ["-rf", "--one-file-system", "--", Home]);
        await removal.WaitForExitAsync(CancellationToken.None);
        Assert.Equal(0, removal.ExitCode);
    }

    private async Task ClearAsync()
    {
        if (_parts is not null)
        {
            await _stop.CancelAsync();
            await _parts.GetRequiredService<SandboxLife>().EndAllAsync(EndReason.Operator);
            await _parts.GetRequiredService<PlaygroundNetworks>().CleanUpAsync();
            await _parts.GetRequiredService<ControlGroupTree>().RemoveOrphansAsync(new HashSet<SandboxId>());
            await _parts.DisposeAsync();
            _parts = null;
        }

        Directory.Delete(Options.DataDirectory, recursive: true);
        Directory.Delete(Options.RunDirectory, recursive: true);
        Directory.Delete(Options.RecipeDirectory, recursive: true);
    }

    private static string FindRepository()
    {
        var directory = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(directory, "Sandbox.sln")))
        {
            directory = Path.GetDirectoryName(directory) ?? throw new InvalidOperationException("not below the repository");
        }

        return directory;
    }
}

/// <summary>The terminal holder as it is installed: <c>infra/test</c> publishes it and says where.</summary>
internal static class TtyProgram
{
    public static string Find(string repository)
    {
        if (Environment.GetEnvironmentVariable("SANDBOX_TTY") is { Length: > 0 } program)
        {
            return program;
        }

        var output = Path.Combine(Path.GetTempPath(), "sandbox-tty-for-tests");
        var publish = Process.Start(new ProcessStartInfo("dotnet", ["publish", Path.Combine(repository, "src", "Sandbox.Tty"), "-c", "Release", "-r", "linux-x64", "-o", output, "-v", "q", "-nologo"]) { RedirectStandardOutput = true, UseShellExecute = false })!;
        var said = publish.StandardOutput.ReadToEnd();
        publish.WaitForExit();
        return publish.ExitCode == 0 ? Path.Combine(output, "sandbox-tty") : throw new InvalidOperationException(said);
    }
}

/// <summary>One daemon for all classes that need one: two at once would each clear away the other's groups and links.</summary>
[CollectionDefinition(nameof(LinuxHost))]
public sealed class OneLinuxHost : ICollectionFixture<LinuxHost>;
