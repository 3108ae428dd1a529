using System.Collections.Concurrent;
using System.Text;
using Sandbox.Core.Errors;
using Sandbox.Core.Images;
using Sandbox.Core.Runtime;
using Sandbox.Core.Sandboxes;
using Sandbox.Core.Terminals;

namespace Sandbox.Testing;

/// <summary>
/// The port in memory, for unit tests of the code above it. It keeps every promise of the port that can be kept
/// without running programs, and knows a handful of programs (<see cref="FakePrograms"/>). It passes
/// <see cref="RuntimeConformance"/>. Faults are set with <see cref="Before"/>.
/// </summary>
public sealed class FakeRuntime : ISandboxRuntime, IDisposable
{
    private readonly FakeHost _host;

    /// <summary>An empty runtime.</summary>
    public FakeRuntime(TimeProvider? time = null)
    {
        _host = new FakeHost(time ?? TimeProvider.System);
        Images = new FakeImages(this, _host);
        var volumes = new FakeVolumes(_host);
        Volumes = volumes;
        Sandboxes = new FakeSandboxes(this, _host, volumes, () => Capabilities.IsolationClasses);
        Terminals = new FakeTerminals(this, _host);
        Files = new FakeFiles(_host);
        Ports = new FakePorts(Sandboxes);
    }

    /// <inheritdoc/>
    public IImages Images { get; }

    /// <inheritdoc/>
    public ISandboxes Sandboxes { get; }

    /// <inheritdoc/>
    public ITerminals Terminals { get; }

    /// <inheritdoc/>
    public ISandboxFiles Files { get; }

    /// <inheritdoc/>
    public ISandboxPorts Ports { get; }

    /// <inheritdoc/>
    public IVolumes Volumes { get; }

    /// <summary>The optional features that it claims to have.</summary>
    public RuntimeCapabilities Capabilities { get; set; } = new() { IsolationClasses = ["container"], HasSnapshots = true };

    /// <summary>What it says of its host's memory and disk.</summary>
    public HostCapacity? Capacity { get; set; }

    /// <summary>The images that sandboxes pull, by repository and tag.</summary>
    public IReadOnlyDictionary<string, Digest> Offered { get; internal set; } = new Dictionary<string, Digest>(StringComparer.Ordinal);

    /// <summary>The images that their owners can pull, by repository and tag.</summary>
    public IReadOnlyDictionary<string, Digest> OfferedToOwners { get; internal set; } = new Dictionary<string, Digest>(StringComparer.Ordinal);

    /// <summary>
    /// Awaited at the start of each call with the operation's name (<c>Create</c>, <c>Exec</c>, <c>AddImage</c>…): throw to
    /// make it fail, wait to make it slow. A create that waits here is already seen as <see cref="SandboxState.Starting"/>.
    /// </summary>
    public Func<string, CancellationToken, Task>? Before
    {
        get => _host.Before;
        set => _host.Before = value;
    }

    /// <summary>The operations asked for so far, in order: a refusal test asserts that its own is not among them.</summary>
    public ConcurrentQueue<string> Calls => _host.Calls;

    /// <summary>The image recipes it knows.</summary>
    public ISet<string> RecipeNames { get; } = new HashSet<string>(["busybox", "debian", "docker", "python", "node", "postgres"], StringComparer.Ordinal);

    /// <summary>The isolation classes that images are made for, by the name of the image.</summary>
    public IDictionary<string, string> ImageClasses { get; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>Whether the shells of terminals are said to mark their commands.</summary>
    public bool MarksShells { get; set; }

    /// <summary>Connects to the holder of any open terminal; set it to reach a real one. Until then nothing is said by either side.</summary>
    public Func<CancellationToken, Task<Stream>> ConnectTerminal { get; set; } = _ => Task.FromResult(Stream.Null);

    /// <summary>Called with each terminal that opens; the result is disposed when the terminal ends.</summary>
    public Func<SandboxId, TerminalId, IDisposable>? HoldTerminal { get; set; }

    /// <summary>Puts an image into the store, with a digest made from its name.</summary>
    public StoredImage Store(string name, ImageConfig? config = null)
    {
        var image = new StoredImage
        {
            Digest = FakeHost.DigestOf(Encoding.UTF8.GetBytes(name)),
            Layers = [new ImageLayer(FakeHost.DigestOf(Encoding.UTF8.GetBytes(name + " layer")), 1_000_000)],
            Config = config ?? new ImageConfig { Command = ["sh"], Env = ["PATH=/usr/bin:/bin"], IsInteractive = true },
            Isolation = ImageClasses.TryGetValue(name, out var isolation) ? isolation : null,
        };
        lock (_host.Gate)
        {
            _host.Images[image.Digest] = image;
        }

        return image;
    }

    /// <summary>Restarts the host, which ends all sandboxes.</summary>
    public void RestartHost()
    {
        lock (_host.Gate)
        {
            foreach (var sandbox in _host.Sandboxes.Values.Where(sandbox => sandbox.Info.State != SandboxState.Ended).ToList())
            {
                _host.End(sandbox, EndReason.HostRestarted);
            }
        }
    }

    /// <summary>The host did something to a sandbox and has words for its owner.</summary>
    public void Note(SandboxId id, string words)
    {
        lock (_host.Gate)
        {
            var sandbox = _host.Get(id);
            _host.Change(sandbox, sandbox.Info with { Notice = words });
        }
    }

    /// <summary>Changes what it says of a sandbox.</summary>
    public void Change(SandboxId id, Func<SandboxInfo, SandboxInfo> change)
    {
        lock (_host.Gate)
        {
            var sandbox = _host.Get(id);
            _host.Change(sandbox, change(sandbox.Info));
        }
    }

    /// <summary>Ends every watch with a fault, as a daemon that goes away does.</summary>
    public void BreakWatches()
    {
        lock (_host.Gate)
        {
            foreach (var watcher in _host.Watchers)
            {
                watcher.Writer.TryComplete(new SandboxException(ErrorCode.RuntimeUnavailable, "The runtime cannot be reached."));
            }
        }
    }

    /// <inheritdoc/>
    public async Task<RuntimeInfo> GetInfoAsync(CancellationToken cancellationToken)
    {
        await _host.BeginAsync("GetStatus", cancellationToken);
        lock (_host.Gate)
        {
            var held = _host.Sandboxes.Values.Count(sandbox => sandbox.Info.State != SandboxState.Ended);
            return new RuntimeInfo("fake", "none", Environment.ProcessId, held, 16L << 30, 64L << 30, Capabilities) { Architecture = "amd64", Kernel = "6.1.0", Capacity = Capacity, Checks = [new HostCheck("seccomp", "System call filter", true, "A filter refused a call.", "Programs reach less of the kernel.")] };
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_host.Gate)
        {
            foreach (var sandbox in _host.Sandboxes.Values)
            {
                sandbox.Timer?.Dispose();
                sandbox.KillAll();
            }
        }
    }
}
