using System.Runtime.CompilerServices;
using System.Threading.Channels;

namespace Sandbox.Web.Terminals;

/// <summary>A stream of the audience. Changes are coalesced to the latest, at most ten per second.</summary>
internal sealed class AudienceReader(Audience audience) : IDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    private readonly Channel<bool> _changes = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });

    /// <summary>Who is there now, and again after every change.</summary>
    /// <param name="isYou">Which of the seats is the asker's.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public async IAsyncEnumerable<AudienceItem> ReadAsync(Func<Audience.Seat, bool> isYou, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        yield return audience.Snapshot(isYou);
        await foreach (var _ in _changes.Reader.ReadAllAsync(cancellationToken))
        {
            yield return audience.Snapshot(isYou);
            await Task.Delay(Pause, cancellationToken);
        }
    }

    public void Dispose() => audience.Leave(this);

    internal void Tell() => _changes.Writer.TryWrite(true);
}
