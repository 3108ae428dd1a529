using System.Runtime.CompilerServices;
using System.Text;
using Sandbox.Core.Errors;
using Sandbox.Core.Runtime;
using Sandbox.Core.Sandboxes;
using Sandbox.Core.Terminals;

namespace Sandbox.Testing;

/// <summary>The terminals of a <see cref="FakeRuntime"/>.</summary>
internal sealed class FakeTerminals(FakeRuntime runtime, FakeHost host) : ITerminals
{
    /// <inheritdoc/>
    public async Task<TerminalInfo> OpenAsync(SandboxId id, TerminalSpec spec, CancellationToken cancellationToken)
    {
        await host.BeginAsync("OpenTerminal", cancellationToken);
        FakeHost.Refuse(TerminalRules.Validate(spec));
        lock (host.Gate)
        {
            var sandbox = host.GetRunning(id);
            if (sandbox.Terminals.Find(known => known.Id == spec.Id) is { } open)
            {
                return open;
            }

            if (spec.MayBeOwn && sandbox.Image.IsInteractive && sandbox.Terminals.Find(known => known.IsOwn) is { } own && sandbox.ClaimOwn())
            {
                return own;
            }

            if (sandbox.Terminals.Count >= (sandbox.IsOwnClaimed ? 16 : 17))
            {
                throw new SandboxException(ErrorCode.Quota, "A sandbox has at most 16 terminals.");
            }

            var command = spec.Command ?? ["sh"];
            FakePrograms.Require(command[0]);
            var terminal = new TerminalInfo(spec.Id, command, host.Time.GetUtcNow()) { IsMarked = runtime.MarksShells };
            sandbox.Terminals.Add(terminal);
            sandbox.Holders.Add(runtime.HoldTerminal?.Invoke(id, spec.Id));
            if (spec.IsDetached)
            {
                sandbox.Detached.Add(new DetachedCommand(spec.Id, command, host.Time.GetUtcNow()));
            }

            return terminal;
        }
    }

    /// <inheritdoc/>
    public async Task<Stream> ConnectAsync(SandboxId id, TerminalId terminal, CancellationToken cancellationToken)
    {
        await host.BeginAsync("ConnectTerminal", cancellationToken);
        lock (host.Gate)
        {
            if (!host.Get(id).Terminals.Exists(known => known.Id == terminal))
            {
                throw new SandboxException(ErrorCode.NotFound, "There is no such terminal; it may have ended.");
            }
        }

        return await runtime.ConnectTerminal(cancellationToken);
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<TerminalInfo>> ListAsync(SandboxId id, CancellationToken cancellationToken)
    {
        await host.BeginAsync("ListTerminals", cancellationToken);
        lock (host.Gate)
        {
            var sandbox = host.Get(id);
            return [.. sandbox.Terminals.Select(terminal => terminal with { IsSeen = !terminal.IsOwn || sandbox.IsOwnClaimed })];
        }
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<DetachedCommand>> ListDetachedAsync(SandboxId id, CancellationToken cancellationToken)
    {
        await host.BeginAsync("ListDetached", cancellationToken);
        lock (host.Gate)
        {
            return [.. host.Get(id).Detached];
        }
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<ReadOnlyMemory<byte>> ReadDetachedAsync(
        SandboxId id, TerminalId command, bool follow, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await host.BeginAsync("ReadDetached", cancellationToken);
        string text;
        lock (host.Gate)
        {
            text = string.Join(' ', Find(host.Get(id), command).Command);
        }

        yield return Encoding.UTF8.GetBytes(text + "\r\n");
    }

    /// <inheritdoc/>
    public async Task KillDetachedAsync(SandboxId id, TerminalId command, CancellationToken cancellationToken)
    {
        await host.BeginAsync("KillDetached", cancellationToken);
        lock (host.Gate)
        {
            var sandbox = host.Get(id);
            var found = Find(sandbox, command);
            sandbox.Detached[sandbox.Detached.IndexOf(found)] = found with { EndedAt = found.EndedAt ?? host.Time.GetUtcNow(), ExitCode = found.ExitCode ?? 137 };
            sandbox.Terminals.RemoveAll(terminal => terminal.Id == command);
        }
    }

    private static DetachedCommand Find(FakeSandbox sandbox, TerminalId command) =>
        sandbox.Detached.Find(known => known.Id == command) ?? throw new SandboxException(ErrorCode.NotFound, "The sandbox has no such detached command.");
}
