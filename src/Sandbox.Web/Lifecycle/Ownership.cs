using Microsoft.EntityFrameworkCore;
using Sandbox.Core.Errors;
using Sandbox.Core.People;
using Sandbox.Core.Playgrounds;
using Sandbox.Core.Sandboxes;
using Sandbox.Web.Store;

namespace Sandbox.Web.Lifecycle;

/// <summary>
/// Answers whose a sandbox is and what stage its playground is in. Every request to a sandbox asks, so it reads a few
/// columns and nothing else.
/// </summary>
internal sealed class Ownership(SqliteStore store)
{
    /// <summary>The playground of a person's sandbox, which is starting or running. Codes: NotFound (not theirs, or ended), Conflict (queued).</summary>
    public async Task<PlaygroundId> RequireAsync(PersonId owner, SandboxId sandbox)
    {
        var found = await store.ReadAsync(db => db.Sandboxes
            .Where(row => row.Id == sandbox.Value && row.Playground!.OwnerId == owner.Value)
            .Select(row => new { row.PlaygroundId, Stage = row.Playground!.State, row.Playground.Message })
            .SingleOrDefaultAsync());
        return found switch
        {
            null => throw new SandboxException(ErrorCode.NotFound, "You have no such sandbox."),
            { Stage: PlaygroundStage.Ended } => throw new SandboxException(ErrorCode.NotFound, $"This sandbox has ended: {found.Message}"),
            { Stage: PlaygroundStage.Queued } => throw new SandboxException(ErrorCode.Conflict, "This sandbox has not started yet."),
            _ => PlaygroundId.Parse(found.PlaygroundId),
        };
    }
}
