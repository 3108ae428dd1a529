using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Threading.Channels;
using Sandbox.Core.Errors;
using Sandbox.Core.Images;
using Sandbox.Core.Sandboxes;

namespace Sandbox.Testing;

/// <summary>The state that the facets of a <see cref="FakeRuntime"/> share. It is read and changed under <see cref="Gate"/>.</summary>
internal sealed class FakeHost(TimeProvider time)
{
    public Lock Gate { get; } = new();

    public Dictionary<SandboxId, FakeSandbox> Sandboxes { get; } = [];

    public Dictionary<Digest, StoredImage> Images { get; } = [];

    /// <summary>The files of each image that was saved from a sandbox.</summary>
    public Dictionary<Digest, FakeFileSystem> Snapshots { get; } = [];

    public List<Channel<SandboxInfo>> Watchers { get; } = [];

    public TimeProvider Time { get; } = time;

    public Func<string, CancellationToken, Task>? Before { get; set; }

    public ConcurrentQueue<string> Calls { get; } = new();

    public static Digest DigestOf(byte[] bytes) => Digest.Parse("sha256:" + Convert.ToHexStringLower(SHA256.HashData(bytes)));

    public static void Refuse(IReadOnlyList<string> mistakes)
    {
        if (mistakes.Count > 0)
        {
            throw new SandboxException(ErrorCode.Invalid, string.Join("; ", mistakes));
        }
    }

    public static SandboxException WrongState(FakeSandbox sandbox) =>
        new(ErrorCode.Conflict, $"The sandbox is {sandbox.Info.State.ToString().ToLowerInvariant()}.");

    public static async Task<byte[]> CollectAsync(
        IAsyncEnumerable<ReadOnlyMemory<byte>> content,
        long most,
        SandboxException tooMuch,
        CancellationToken cancellationToken)
    {
        using var whole = new MemoryStream();
        await foreach (var part in content.WithCancellation(cancellationToken))
        {
            if (whole.Length + part.Length > most)
            {
                throw tooMuch;
            }

            whole.Write(part.Span);
        }

        return whole.ToArray();
    }

    public async Task BeginAsync(string operation, CancellationToken cancellationToken)
    {
        Calls.Enqueue(operation);
        cancellationToken.ThrowIfCancellationRequested();
        if (Before is { } before)
        {
            await before(operation, cancellationToken);
        }
    }

    public FakeSandbox Get(SandboxId id) =>
        Sandboxes.GetValueOrDefault(id) ?? throw new SandboxException(ErrorCode.NotFound, "There is no such sandbox.");

    public FakeSandbox GetRunning(SandboxId id) =>
        Get(id) is { Info.State: SandboxState.Running } sandbox ? sandbox : throw WrongState(Get(id));

    public FakeSandbox GetWithFiles(SandboxId id) =>
        Get(id) is { Info.State: not SandboxState.Ended } sandbox ? sandbox : throw WrongState(Get(id));

    public void Change(FakeSandbox sandbox, SandboxInfo info)
    {
        sandbox.Info = info;
        foreach (var watcher in Watchers)
        {
            watcher.Writer.TryWrite(info);
        }
    }

    public void End(FakeSandbox sandbox, EndReason reason)
    {
        sandbox.Timer?.Dispose();
        sandbox.KillAll();
        Change(sandbox, sandbox.Info with { State = SandboxState.Ended, Reason = reason, Address = null });
    }

    public void SetTimer(FakeSandbox sandbox)
    {
        sandbox.Timer?.Dispose();
        var left = sandbox.Info.Deadline - Time.GetUtcNow();
        var wait = left < TimeSpan.Zero ? TimeSpan.Zero : left > TimeSpan.FromDays(40) ? TimeSpan.FromDays(40) : left;
        sandbox.Timer = Time.CreateTimer(_ => Expire(sandbox), null, wait, Timeout.InfiniteTimeSpan);
    }

    private void Expire(FakeSandbox sandbox)
    {
        lock (Gate)
        {
            if (sandbox.Info.State == SandboxState.Ended)
            {
                return;
            }

            // The deadline may have moved while this waited for the lock, and a timer may fire a little early.
            if (sandbox.Info.Deadline > Time.GetUtcNow())
            {
                SetTimer(sandbox);
                return;
            }

            End(sandbox, EndReason.Expired);
        }
    }
}
