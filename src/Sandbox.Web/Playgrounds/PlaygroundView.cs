namespace Sandbox.Web.Playgrounds;

/// <summary>A sandbox of a playground, as REST and the pages show it.</summary>
public sealed record SandboxView(string Id, string Name, string Image, string Digest, string State, int? ExitCode, bool Interactive);

/// <summary>A playground's claim on the host.</summary>
/// <param name="EndsAt">When it ends unless extended.</param>
/// <param name="State">granted, warning, extended or ended.</param>
/// <param name="Reason">Why it ended, in snake_case: removed, expired, idle, operator, host_restarted, launch_failed.</param>
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
    string? Saved = null);

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
