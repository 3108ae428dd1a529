using System.Security.Claims;
using Sandbox.Core.Errors;
using Sandbox.Core.People;
using Sandbox.Web.People;
using Sandbox.Web.Sharing;
using Sandbox.Web.Store;
using Sandbox.Web.Terminals;

namespace Sandbox.Web.Hub;

/// <summary>
/// The caller of one hub connection: a person, who owns terminals, or the holder of a link to one. Read once from the
/// principal when the connection is made; every call checks its rights here first.
/// </summary>
internal sealed class TerminalCaller
{
    private const int MostReaders = 64;

    /// <summary>Burst of streams per connection. A page with the most terminals it may have begins fewer.</summary>
    private const int MostBegun = 2000;

    private readonly PersonId? _person;
    private readonly Lock _gate = new();
    private int _readers;
    private double _allowed = MostBegun;
    private long _counted = Environment.TickCount64;

    public TerminalCaller(ClaimsPrincipal? principal, string connection)
    {
        Connection = connection;
        _person = principal?.Person();
        Share = principal is null ? null : SharePass.Of(principal);
        if (_person is null == Share is null)
        {
            throw new SandboxException(ErrorCode.NotFound, "Nobody is signed in.");
        }

        Owner = _person ?? Share!.Owner;
    }

    /// <summary>The connection's id.</summary>
    public string Connection { get; }

    /// <summary>The link of its holder; null for a person.</summary>
    public SharePass? Share { get; }

    /// <summary>The owner of the terminals that the caller reaches.</summary>
    public PersonId Owner { get; }

    /// <summary>Aborts the connection.</summary>
    public required Action Cut { get; init; }

    /// <summary>A link holder's place among the connections of links.</summary>
    public ShareVisits.Visit? Visit { get; set; }

    /// <summary>The terminals this connection is on.</summary>
    public required HubViewers Viewers { get; init; }

    /// <summary>The person. Code: NotFound for the holder of a link, as for any stranger.</summary>
    public PersonId Person => _person ?? throw new SandboxException(ErrorCode.NotFound, "This link gives access to its terminal only.");

    /// <summary>What the caller may do with the terminals they reach.</summary>
    public TerminalRight RightTo => Share is not { } share ? TerminalRight.Own : share.Access == ShareAccess.Type ? TerminalRight.Type : TerminalRight.Watch;

    /// <summary>Refuses what a link does not grant. A person's ownership is checked by the directory. Code: NotFound.</summary>
    public void Require(string? terminal, TerminalRight right)
    {
        if (terminal is null)
        {
            throw TerminalDirectory.Unknown();
        }

        if (Share is not { } share)
        {
            return;
        }

        if (terminal != share.Terminal.Value || Visit is not { IsCut: false })
        {
            throw TerminalDirectory.Unknown();
        }

        if (right > RightTo)
        {
            throw new SandboxException(ErrorCode.NotFound, right == TerminalRight.Type ? "This link is for watching." : "This link does not grant that.");
        }
    }

    /// <summary>
    /// Rate of streams: two per second after a burst. A caller above it is cut off, because SignalR keeps the ends of
    /// unread streams in memory without a limit. Link holders have a lower rate of their own. Code: Rate.
    /// </summary>
    public void Pace()
    {
        lock (_gate)
        {
            var now = Environment.TickCount64;
            _allowed = Math.Min(MostBegun, _allowed + ((now - _counted) / 500d));
            _counted = now;
            if (_allowed < 1)
            {
                Cut();
                throw new SandboxException(ErrorCode.Rate, "Too often. Connect again.");
            }

            _allowed--;
        }

        if (Share is not null && Visit?.TrySpend() != true)
        {
            throw new SandboxException(ErrorCode.Rate, "Too often. Wait a moment.");
        }
    }

    /// <summary>Takes a place among this connection's streams of viewers. Code: Quota.</summary>
    public void EnterReader()
    {
        if (Interlocked.Increment(ref _readers) > (Share is null ? MostReaders : 2))
        {
            Interlocked.Decrement(ref _readers);
            throw new SandboxException(ErrorCode.Quota, "This connection asks already.");
        }
    }

    public void LeaveReader() => Interlocked.Decrement(ref _readers);
}
