using System.Runtime.CompilerServices;
using System.Text;
using Sandbox.Core.Errors;
using Sandbox.Core.Execs;
using Sandbox.Core.Files;
using Sandbox.Core.Images;
using Sandbox.Core.People;
using Sandbox.Core.Playgrounds;
using Sandbox.Core.Quotas;
using Sandbox.Core.Runtime;
using Sandbox.Core.Sandboxes;
using Sandbox.Core.Terminals;
using Xunit;

namespace Sandbox.Testing;

/// <summary>
/// The base of the suites that every adapter of the port must pass, one for each facet. A concrete class supplies the
/// adapter (<see cref="RuntimeUnderTest"/>). Each test makes sandboxes of its own and removes them.
/// </summary>
public abstract class RuntimeConformance(RuntimeUnderTest under) : IAsyncLifetime
{
    private readonly List<SandboxId> _made = [];

    private protected ISandboxRuntime Runtime => under.Runtime;

    private protected Digest InteractiveImage => under.InteractiveImage;

    private protected SandboxLimits Limits => under.Limits;

    private protected SandboxLimits OwnerLimits => under.OwnerLimits;

    private protected TimeSpan Patience => under.Patience;

    private protected IReadOnlyList<string> KillItself => under.KillItself;

    private protected static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <inheritdoc/>
    public ValueTask InitializeAsync() => under.InitializeAsync();

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var id in _made)
        {
            await Runtime.Sandboxes.RemoveAsync(id, CancellationToken.None);
        }

        await under.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    private protected IReadOnlyList<string> ExitWith(int code) => under.ExitWith(code);

    private protected IReadOnlyList<string> PrintVariable(string name) => under.PrintVariable(name);

    private protected IReadOnlyList<string> WriteAndSleep(string path) => under.WriteAndSleep(path);

    /// <summary>A digest that no store holds.</summary>
    private protected static Digest UnknownImage { get; } = Digest.Parse("sha256:" + new string('0', 64));

    /// <summary>A fresh spec of the interactive image, of an owner and a playground of its own, that lives for an hour.</summary>
    protected SandboxSpec Spec() => new()
    {
        Id = SandboxId.New(),
        Playground = PlaygroundId.New(),
        Owner = PersonId.New(),
        Name = "main",
        Image = InteractiveImage,
        Limits = Limits,
        OwnerLimits = OwnerLimits,
        Deadline = DateTimeOffset.UtcNow.AddHours(1),
    };

    /// <summary>Creates a sandbox that is removed after the test.</summary>
    protected Task<SandboxInfo> CreateAsync(SandboxSpec? spec = null) => Runtime.Sandboxes.CreateAsync(Track(spec ?? Spec()), Cancellation);

    /// <summary>Runs a command.</summary>
    protected Task<ExecResult> ExecAsync(SandboxId id, IReadOnlyList<string> command) => Runtime.Sandboxes.ExecAsync(id, Exec(command), Cancellation);

    /// <summary>Runs a command that must succeed; its output without the closing newline.</summary>
    protected async Task<string> OutputAsync(SandboxId id, params string[] command)
    {
        var result = await ExecAsync(id, command);
        Assert.True(result.ExitCode == 0, $"{string.Join(' ', command)} ended with {result.ExitCode}: {Text(result.Stderr)}");
        var text = Text(result.Stdout);
        return text.EndsWith('\n') ? text[..^1] : text;
    }

    /// <summary>Asserts that a call fails with a code and words.</summary>
    protected static async Task<SandboxException> FailsAsync(ErrorCode code, Func<Task> call)
    {
        var fault = await Assert.ThrowsAsync<SandboxException>(call);
        Assert.True(fault.Code == code, $"expected {code}, got {fault.Code}: {fault.Message}");
        Assert.NotEmpty(fault.Message);
        return fault;
    }

    private protected static string Text(ReadOnlyMemory<byte> bytes) => Encoding.UTF8.GetString(bytes.Span);

    private protected static SandboxPath Path(string text)
    {
        Assert.True(SandboxPath.TryParse(text, out var path));
        return path;
    }

    private protected static ExecSpec Exec(IReadOnlyList<string> command) => new() { Command = command, Timeout = TimeSpan.FromSeconds(60) };

    private protected static TerminalSpec Terminal() => new() { Id = TerminalId.New(), Cols = 80, Rows = 24 };

    private protected static async IAsyncEnumerable<ReadOnlyMemory<byte>> Pieces(byte[] bytes)
    {
        ReadOnlyMemory<byte> content = bytes;
        for (; content.Length > 0; content = content[Math.Min(content.Length, 100_000)..])
        {
            yield return content[..Math.Min(content.Length, 100_000)];
            await Task.Yield();
        }
    }

    private protected Task<UploadInfo> BeginAsync(SandboxId id, string path, long length, int? mode = null) =>
        Runtime.Files.BeginUploadAsync(id, new UploadSpec { Id = UploadId.New(), Path = Path(path), Length = length, Mode = mode }, Cancellation);

    private protected static async IAsyncEnumerable<ReadOnlyMemory<byte>> BrokenPieces([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        yield return "half"u8.ToArray();
        await Task.Delay(20, cancellationToken);
        throw new IOException("the sender went away");
    }

    private protected static async Task DrainAsync<T>(IAsyncEnumerable<T> items)
    {
        await foreach (var _ in items)
        {
        }
    }

    private protected SandboxSpec Track(SandboxSpec spec)
    {
        lock (_made)
        {
            _made.Add(spec.Id);
        }

        return spec;
    }

    private protected async Task<List<Digest>> ImageDigestsAsync() =>
        [.. (await Runtime.Images.ListAsync(Cancellation)).Select(image => image.Digest).OrderBy(digest => digest.Value, StringComparer.Ordinal)];

    private protected Task WriteAsync(SandboxId id, string path, string text) =>
        Runtime.Files.WriteAsync(id, Path(path), (int?)null, Pieces(Encoding.UTF8.GetBytes(text)), Cancellation);

    private protected async Task<string> ReadAsync(SandboxId id, string path) => Encoding.UTF8.GetString(await ReadBytesAsync(id, path));

    private protected async Task<byte[]> ReadBytesAsync(SandboxId id, string path, ReadForm form = ReadForm.Raw)
    {
        using var whole = new MemoryStream();
        await foreach (var part in Runtime.Files.ReadAsync(id, Path(path), form, Cancellation))
        {
            whole.Write(part.Span);
        }

        return whole.ToArray();
    }

    private protected Task<FileEntry?> FindAsync(SandboxId id, string path) => Runtime.Files.FindAsync(id, Path(path), Cancellation);

    private protected async Task EventuallyAsync(Func<Task<bool>> isTrue)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        patience.CancelAfter(Patience);
        while (!await isTrue())
        {
            await Task.Delay(50, patience.Token);
        }
    }

    private protected WatchReader Watch() => new(Runtime, Patience, Cancellation);

    /// <summary>Reads a watch in order.</summary>
    private protected sealed class WatchReader : IAsyncDisposable
    {
        private readonly CancellationTokenSource _end;
        private readonly IAsyncEnumerator<SandboxInfo> _changes;

        public WatchReader(ISandboxRuntime runtime, TimeSpan patience, CancellationToken cancellation)
        {
            _end = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            _end.CancelAfter(patience);
            _changes = runtime.Sandboxes.WatchAsync(_end.Token).GetAsyncEnumerator(_end.Token);
        }

        /// <summary>Waits until a sandbox is seen in a state.</summary>
        public async Task<SandboxInfo> SeeAsync(SandboxId id, SandboxState state)
        {
            while (await _changes.MoveNextAsync())
            {
                if (_changes.Current.Id == id && _changes.Current.State == state)
                {
                    return _changes.Current;
                }
            }

            throw new InvalidOperationException("the watch ended by itself");
        }

        public async ValueTask DisposeAsync()
        {
            await _end.CancelAsync();
            await _changes.DisposeAsync();
            _end.Dispose();
        }
    }
}
