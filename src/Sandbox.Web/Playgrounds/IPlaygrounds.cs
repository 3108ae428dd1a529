using Sandbox.Core.People;
using Sandbox.Core.Playgrounds;
using Sandbox.Core.Recipes;

namespace Sandbox.Web.Playgrounds;

/// <summary>A sandbox of a playground, as REST and the pages show it.</summary>
public sealed record SandboxView(string Id, string Name, string Image, string Digest, string State, int? ExitCode, bool Interactive);

/// <summary>A playground's claim on the host.</summary>
/// <param name="EndsAt">When it ends unless extended.</param>
/// <param name="State">granted, warning, extended or ended.</param>
/// <param name="Reason">Why it ended, in snake_case: removed, expired, idle, operator, host_restarted, launch_failed.</param>
/// <param name="Message">The same for a person; an operator's own words when an operator ended it.</param>
/// <param name="CanExtend">Whether one more extension is granted by the plan.</param>
public sealed record LeaseView(DateTimeOffset EndsAt, string State, string? Reason, string? Message, bool CanExtend);

/// <summary>Where a playground is reached.</summary>
public sealed record PlaygroundUrls(string Page, string Api);

/// <summary>A playground, as REST and the pages show it.</summary>
/// <param name="Id">Its id.</param>
/// <param name="State">queued, starting, running, paused, stopped or ended.</param>
/// <param name="Progress">While queued or starting: what is being waited for, for a person.</param>
/// <param name="Error">Why the launch failed: a problem's code and its words.</param>
/// <param name="Image">The catalog name it was launched from.</param>
/// <param name="CreatedAt">When it was asked for.</param>
/// <param name="Sandboxes">Its sandboxes.</param>
/// <param name="Lease">Its lease.</param>
/// <param name="Urls">Where it is reached.</param>
public sealed record PlaygroundView(
    string Id,
    string State,
    string? Progress,
    PlaygroundError? Error,
    string Image,
    DateTimeOffset CreatedAt,
    IReadOnlyList<SandboxView> Sandboxes,
    LeaseView Lease,
    PlaygroundUrls Urls);

/// <summary>Why a launch failed.</summary>
public sealed record PlaygroundError(string Code, string Message);

/// <summary>What a sandbox can be told to do.</summary>
public enum SandboxAction
{
    Start,
    Stop,
    Restart,
    Pause,
    Resume,
}

/// <summary>Everything a person does with playgrounds. What belongs to somebody else is NotFound.</summary>
public interface IPlaygrounds
{
    /// <summary>A person's playgrounds, newest first; ended ones for a day.</summary>
    Task<IReadOnlyList<PlaygroundView>> ListAsync(PersonId owner, CancellationToken cancellationToken);

    /// <summary>One playground. Code: NotFound.</summary>
    Task<PlaygroundView> FindAsync(PersonId owner, PlaygroundId id, CancellationToken cancellationToken);

    /// <summary>Admits and starts a recipe. Codes: Invalid, ImageNotFound, Quota, Capacity and those of the runtime.</summary>
    Task<PlaygroundView> LaunchAsync(PersonId owner, Recipe recipe, string? idempotencyKey, CancellationToken cancellationToken);

    /// <summary>Moves the end as far as the plan allows. Codes: NotFound, Quota, Conflict (ended).</summary>
    Task<PlaygroundView> ExtendAsync(PersonId owner, PlaygroundId id, CancellationToken cancellationToken);

    /// <summary>Ends it. Ended already is no fault. Code: NotFound.</summary>
    Task RemoveAsync(PersonId owner, PlaygroundId id, CancellationToken cancellationToken);

    /// <summary>Acts on every sandbox of it. Codes: NotFound, Conflict.</summary>
    Task<PlaygroundView> ActAsync(PersonId owner, PlaygroundId id, SandboxAction action, CancellationToken cancellationToken);
}
