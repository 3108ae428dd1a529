using Microsoft.AspNetCore.SignalR;
using Sandbox.Core.Terminals;
using Sandbox.Web.Terminals;

namespace Sandbox.Web.Hub;

/// <summary>
/// Calls from the server to the hub's clients: <c>Attached(terminalId)</c>, and <c>Recording(terminalId, seconds)</c>
/// with the time recorded so far, or null once it is over.
/// </summary>
internal sealed class HubNotices(IHubContext<TerminalHub> hub, TerminalFollowers followers)
{
    /// <summary>A caller's stream begins. Sent before its first item, which may be hours away if the program is quiet.</summary>
    public async Task AttachedAsync(TerminalCaller caller, string terminal, CancellationToken cancellationToken)
    {
        await hub.Groups.AddToGroupAsync(caller.Connection, GroupOf(terminal), CancellationToken.None);
        var client = hub.Clients.Client(caller.Connection);
        if (followers.Find(TerminalId.Parse(terminal)) is { } follower)
        {
            await client.SendAsync("Recording", terminal, (double?)follower.Elapsed.TotalSeconds, CancellationToken.None);
        }

        await client.SendAsync("Attached", terminal, cancellationToken);
    }

    /// <summary>A caller no longer views a terminal.</summary>
    public Task DetachedAsync(TerminalCaller caller, string terminal) =>
        hub.Groups.RemoveFromGroupAsync(caller.Connection, GroupOf(terminal), CancellationToken.None);

    /// <summary>Tells everybody who views a terminal, see <see cref="TerminalFollowers.Announcement"/>.</summary>
    public Task RecordingAsync(TerminalId terminal, TimeSpan? elapsed) =>
        hub.Clients.Group(GroupOf(terminal.Value)).SendAsync("Recording", terminal.Value, elapsed?.TotalSeconds);

    private static string GroupOf(string terminal) => "terminal-" + terminal;
}
