using Sandbox.Core.Runtime;

namespace Sandbox.Web.Links;

/// <summary>Where a lock is run: what may differ between two servers although every image is the same.</summary>
/// <param name="Architecture">The processor: <c>amd64</c>.</param>
/// <param name="Kernel">The kernel's release: <c>6.1.0</c>.</param>
/// <param name="Isolation">The isolation class: <c>container</c>.</param>
internal sealed record Surroundings(string Architecture, string Kernel, string Isolation);

/// <summary>The surroundings of this server, which change only when its daemon is another.</summary>
internal sealed class OwnSurroundings(ISandboxRuntime runtime, TimeProvider time)
{
    private static readonly TimeSpan Kept = TimeSpan.FromMinutes(1);

    private Answer? _last;

    /// <summary>The surroundings of a sandbox of an isolation class; null is the default class.</summary>
    public async Task<Surroundings> OfAsync(string? isolation, CancellationToken cancellationToken)
    {
        var info = await InfoAsync(cancellationToken);
        return new Surroundings(info.Architecture, info.Kernel, isolation ?? info.Capabilities.IsolationClasses[0]);
    }

    /// <summary>The capabilities and checks of the runtime. What it says of its present state may be a minute old.</summary>
    public async Task<RuntimeInfo> InfoAsync(CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        if (_last is { } last && now - last.At < Kept)
        {
            return last.Info;
        }

        var info = await runtime.GetInfoAsync(cancellationToken);
        _last = new Answer(info, now);
        return info;
    }

    private sealed record Answer(RuntimeInfo Info, DateTimeOffset At);
}
