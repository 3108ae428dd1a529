using System.Collections.Concurrent;
using System.Text;
using System.Threading.RateLimiting;
using Sandbox.Core.Errors;
using Sandbox.Core.Execs;
using Sandbox.Core.Files;
using Sandbox.Core.Networks;
using Sandbox.Core.People;
using Sandbox.Core.Playgrounds;
using Sandbox.Core.Recipes;
using Sandbox.Core.Runtime;
using Sandbox.Core.Sandboxes;
using Sandbox.Web.Latency;
using Sandbox.Web.Lifecycle;
using Sandbox.Web.People;
using Sandbox.Web.Playgrounds;

namespace Sandbox.Web.Snippets;

/// <summary>
/// Runs code in a sandbox of its own, which ends with it. Its callers are pages elsewhere that send no token, so all calls
/// from one address count as one guest, whose plan bounds the runs of that address.
/// </summary>
internal sealed class SnippetRuns(OwnedPlaygrounds playgrounds, Endings endings, PlaygroundLife life, GuestAddresses addresses, ISandboxRuntime runtime) : IDisposable
{
    /// <summary>Runs of one address at a time, and how many more wait for their turn.</summary>
    private const int AtOnce = 2;
    private const int MostWaiting = 10;

    /// <summary>The same for all addresses together: a page with many readers leaves the host to others.</summary>
    private const int AtOnceInAll = 16;
    private const int MostWaitingInAll = 64;
    private const int MostRemembered = 10_000;

    /// <summary>Bytes of each output.</summary>
    private const int MostOutput = 64 * 1024;

    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan StartMayTake = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly ConcurrentDictionary<string, PersonId> _people = new(StringComparer.Ordinal);
    private readonly ConcurrencyLimiter _all = new(Turns(AtOnceInAll, MostWaitingInAll));
    private readonly PartitionedRateLimiter<string> _each = PartitionedRateLimiter.Create<string, string>(address =>
        RateLimitPartition.GetConcurrencyLimiter(address, _ => Turns(AtOnce, MostWaiting)));

    /// <summary>Runs it to its end. Codes: ImageNotFound, Quota (too many wait), Capacity and those of the runtime.</summary>
    public async Task<SnippetResult> RunAsync(string address, SnippetLanguage language, IReadOnlyList<(SandboxPath Path, byte[] Content)> files, CancellationToken cancellationToken)
    {
        var each = await TurnAsync(token => _each.AcquireAsync(address, 1, token), cancellationToken);
        RateLimitLease? all = null;
        PlaygroundId? launched = null;
        try
        {
            all = await TurnAsync(token => _all.AcquireAsync(1, token), cancellationToken);
            var view = await playgrounds.LaunchAsync(Person(address), RecipeOf(language), null, new LaunchManner(), null, new LaunchTrace(), cancellationToken);
            launched = PlaygroundId.Parse(view.Id);
            return view.State == "running"
                ? await RunAsync(view.Id, SandboxId.Parse(view.Sandboxes[0].Id), language, files, cancellationToken)
                : throw new SandboxException(ErrorCode.Capacity, $"The image {language.Image} is still being made. Try again in a minute.");
        }
        finally
        {
            // The answer does not wait for it, and the turn does.
            _ = EndAsync(launched, each, all);
        }
    }

    public void Dispose()
    {
        _all.Dispose();
        _each.Dispose();
    }

    private async Task<SnippetResult> RunAsync(string id, SandboxId sandbox, SnippetLanguage language, IReadOnlyList<(SandboxPath Path, byte[] Content)> files, CancellationToken cancellationToken)
    {
        foreach (var (path, content) in files)
        {
            await runtime.Files.WriteAsync(sandbox, path, (int?)null, Once(content), cancellationToken);
        }

        if (language.Wait is { } wait
            && await runtime.Sandboxes.ExecAsync(sandbox, new ExecSpec { Command = ["sh", "-c", wait], Timeout = StartMayTake, OutputLimit = 0 }, cancellationToken) is { IsTimedOut: true })
        {
            throw new SandboxException(ErrorCode.Capacity, $"The server of {language.Image} did not start in time. Try again in a minute.");
        }

        var spec = new ExecSpec { Command = ["sh", "-c", $"cd /sandbox && {language.Script}"], Timeout = Timeout, OutputLimit = MostOutput };
        var result = await runtime.Sandboxes.ExecAsync(sandbox, spec, cancellationToken);
        var stderr = Encoding.UTF8.GetString(result.Stderr.Span);
        return new SnippetResult(
            $"{language.Image}_run_{id}",
            result is { ExitCode: 0, IsTimedOut: false },
            (long)Math.Round(result.Duration.TotalMilliseconds),
            Encoding.UTF8.GetString(result.Stdout.Span),
            result.IsTimedOut ? $"{stderr}It did not end within {Timeout.TotalSeconds} s and was stopped.\n"
                : result.Truncated ? $"{stderr}\nThe output was cut at {MostOutput >> 10} KiB.\n"
                : stderr);
    }

    private async Task EndAsync(PlaygroundId? launched, RateLimitLease each, RateLimitLease? all)
    {
        try
        {
            if (launched is { } id)
            {
                await endings.EndAsync(id, EndReason.Removed);
                await life.ForgetAsync(id);
            }
        }
        finally
        {
            all?.Dispose();
            each.Dispose();
        }
    }

    /// <summary>Without a network: code that a page sends needs none, and nobody uses this server to reach another.</summary>
    private static Recipe RecipeOf(SnippetLanguage language) =>
        new() { Nodes = [new RecipeNode { Image = language.Image, Network = NetworkPolicy.None }] };

    private PersonId Person(string address)
    {
        if (_people.Count >= MostRemembered)
        {
            _people.Clear();
        }

        var person = _people.GetOrAdd(address, static _ => PersonId.New());
        addresses.Saw(person, address);
        return person;
    }

    private static async Task<RateLimitLease> TurnAsync(Func<CancellationToken, ValueTask<RateLimitLease>> acquire, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Patience);
        try
        {
            var turn = await acquire(limit.Token);
            if (turn.IsAcquired)
            {
                return turn;
            }

            turn.Dispose();
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // It waited long enough.
        }

        throw new SandboxException(ErrorCode.Quota, "Too much code is being run. Try again in a few seconds.");
    }

    private static ConcurrencyLimiterOptions Turns(int atOnce, int waiting) =>
        new() { PermitLimit = atOnce, QueueLimit = waiting, QueueProcessingOrder = QueueProcessingOrder.OldestFirst };

#pragma warning disable CS1998 // One piece, and nothing to wait for.
    private static async IAsyncEnumerable<ReadOnlyMemory<byte>> Once(byte[] content)
#pragma warning restore CS1998
    {
        yield return content;
    }
}
