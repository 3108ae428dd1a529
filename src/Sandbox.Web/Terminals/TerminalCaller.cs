using System.Security.Claims;
using Sandbox.Core.Errors;
using Sandbox.Core.People;
using Sandbox.Web.People;
using Sandbox.Web.Sharing;

namespace Sandbox.Web.Terminals;

/// <summary>What may be done with a terminal; each includes the ones before.</summary>
internal enum TerminalRight
{
    /// <summary>See its output.</summary>
    Watch,

    /// <summary>Type in it.</summary>
    Type,

    /// <summary>Everything: open, hang up, decide on its size.</summary>
    Own,
}

/// <summary>
/// Who is at the other end of one hub connection: a person, who owns terminals, or the holder of a link to one. It is
/// read once, when the connection is made, and asked before anything is done for that connection.
/// </summary>
internal sealed class TerminalCaller
{
    private const int MostReaders = 64;

    /// <summary>Streams that a connection begins at once; a page with all the terminals it may have begins fewer.</summary>
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

    /// <summary>The hub's name for the connection.</summary>
    public string Connection { get; }

    /// <summary>The link they came by; null for a person.</summary>
    public SharePass? Share { get; }

    /// <summary>Among whose terminals theirs are.</summary>
    public PersonId Owner { get; }

    /// <summary>Cuts the connection off.</summary>
    public required Action Cut { get; init; }

    /// <summary>The connection's place among those that came by links.</summary>
    public ShareVisits.Visit? Visit { get; set; }

    /// <summary>The terminals this connection is on.</summary>
    public required HubViewers Viewers { get; init; }

    /// <summary>The person. Code: NotFound, as for any stranger, when a link was all they had.</summary>
    public PersonId Person => _person ?? throw new SandboxException(ErrorCode.NotFound, "This link opens nothing but its terminal.");

    /// <summary>What they may do with the terminals that are theirs to reach.</summary>
    public TerminalRight RightTo => Share is not { } share ? TerminalRight.Own : share.Access == ShareAccess.Type ? TerminalRight.Type : TerminalRight.Watch;

    /// <summary>Refuses what a link does not grant, before anything is made for it. Whether a person owns the terminal is the directory's to say. Code: NotFound.</summary>
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
    /// Counts one who begins a stream, two in a second in the long run; who begins more is cut off, because the ends of
    /// streams that nobody reads wait in memory, and SignalR does not count them. A link's holders are refused before
    /// that. Code: Rate.
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

    /// <summary>Counts one who asks who is there. Code: Quota.</summary>
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
