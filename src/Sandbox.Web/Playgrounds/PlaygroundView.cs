using Sandbox.Web.Queue;

namespace Sandbox.Web.Playgrounds;

/// <summary>A sandbox of a playground, as REST and the pages show it.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Name">The node's name: the other nodes of the playground reach it by this.</param>
/// <param name="Image">The catalog name of its image.</param>
/// <param name="Digest">The digest of its image; empty while it waits for that.</param>
/// <param name="State">queued, starting, running, paused, stopped or ended.</param>
/// <param name="ExitCode">How the image's own command ended; 128 and the signal when killed.</param>
/// <param name="Interactive">Whether its image is one to type in.</param>
/// <param name="Notice">What the host did to it since its start, in words: it was stopped, or a program in it was killed.</param>
/// <param name="Network">What its network reaches: egress, playground or none.</param>
/// <param name="Domains">With egress, the only domains that it reaches; empty is all of the internet.</param>
/// <param name="Reaches">The same in words.</param>
public sealed record SandboxView(
    string Id,
    string Name,
    string Image,
    string Digest,
    string State,
    int? ExitCode,
    bool Interactive,
    string? Notice,
    string Network,
    IReadOnlyList<string> Domains,
    string Reaches);

/// <summary>A playground's claim on the host.</summary>
/// <param name="EndsAt">When it ends unless extended.</param>
/// <param name="State">granted, warning, extended or ended.</param>
/// <param name="Reason">Why it ended, in snake_case: removed, expired, idle, operator, host_restarted, launch_failed, disk_full.</param>
/// <param name="Message">The reason as text; the operator's own words if an operator ended it.</param>
/// <param name="CanExtend">Whether one more extension is granted by the plan.</param>
public sealed record LeaseView(DateTimeOffset EndsAt, string State, string? Reason, string? Message, bool CanExtend);

/// <summary>Where a playground is reached.</summary>
public sealed record PlaygroundUrls(string Page, string Api);

/// <summary>A playground, as REST and the pages show it.</summary>
/// <param name="Id">Its id.</param>
/// <param name="State">queued, starting, running, paused, stopped or ended.</param>
/// <param name="Progress">While queued or starting: what it waits for, as text.</param>
/// <param name="Error">Why the launch failed: a problem's code and detail.</param>
/// <param name="Image">The catalog name it was launched from.</param>
/// <param name="CreatedAt">When it was requested.</param>
/// <param name="Sandboxes">Its sandboxes.</param>
/// <param name="Lease">Its lease.</param>
/// <param name="Urls">Where it is reached.</param>
/// <param name="Link">The hash of the link that it was started from; null for none.</param>
/// <param name="Saved">The hash of the private link that holds its state after its end; null when nothing was saved.</param>
/// <param name="Queue">Its place, while it is queued for room on the host or for a place of its link, and it alone was asked for.</param>
/// <param name="Setup">The commands that run before it can be entered; null when none do.</param>
/// <param name="HasTerminals">Whether its recipe says which terminals to open: <c>GET …/terminals</c>.</param>
/// <param name="Tutorial">The tutorial that it was started from; null for none. GET …/tutorial is the run.</param>
/// <param name="MaxNodes">How many sandboxes the plan of its owner allows in it.</param>
public sealed record PlaygroundView(
    string Id,
    string State,
    string? Progress,
    PlaygroundError? Error,
    string Image,
    DateTimeOffset CreatedAt,
    IReadOnlyList<SandboxView> Sandboxes,
    LeaseView Lease,
    PlaygroundUrls Urls,
    string? Link = null,
    string? Saved = null,
    QueueView? Queue = null,
    SetupView? Setup = null,
    bool HasTerminals = false,
    PlaygroundTutorialView? Tutorial = null,
    int MaxNodes = 1);

/// <summary>The tutorial that a playground was started from.</summary>
/// <param name="Address">Its name or hash: its page is /t/ and this.</param>
/// <param name="Title">Its title.</param>
/// <param name="Step">The furthest page that is open, from 1.</param>
public sealed record PlaygroundTutorialView(string Address, string Title, int Step);

/// <summary>The setup of a playground that is starting.</summary>
/// <param name="State">running, or failed: it waits for <c>POST …/setup</c>.</param>
/// <param name="Steps">Its commands.</param>
public sealed record SetupView(string State, IReadOnlyList<SetupStepView> Steps);

/// <summary>One command of a setup.</summary>
/// <param name="Command">The command as one line, at most 200 characters.</param>
/// <param name="State">waiting, running, done or failed.</param>
/// <param name="ExitCode">How it ended.</param>
/// <param name="Output">The end of what it printed, at most 4 KiB of each stream.</param>
/// <param name="DurationMs">How long it ran.</param>
public sealed record SetupStepView(string Command, string State, int? ExitCode, string Output, double DurationMs);

/// <summary>A terminal that a playground's recipe opens.</summary>
/// <param name="Node">The node's name.</param>
/// <param name="Title">The tab's title; null is the terminal's own.</param>
/// <param name="Command">The program; empty is the shell.</param>
/// <param name="Run">A line to type into the shell.</param>
public sealed record RecipeTerminalView(string Node, string? Title, IReadOnlyList<string> Command, string? Run);

/// <summary>Why a launch failed.</summary>
public sealed record PlaygroundError(string Code, string Message);

/// <summary>What a person can do with a sandbox.</summary>
public enum SandboxAction
{
    Start,
    Stop,
    Restart,
    Pause,
    Resume,
}
