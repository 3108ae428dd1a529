using Microsoft.EntityFrameworkCore;
using Sandbox.Core.Errors;
using Sandbox.Core.People;
using Sandbox.Core.Playgrounds;
using Sandbox.Core.Sandboxes;
using Sandbox.Web.Audit;
using Sandbox.Web.Hub;
using Sandbox.Web.People;
using Sandbox.Web.Playgrounds;
using Sandbox.Web.Store;

namespace Sandbox.Web.Operators;

/// <summary>Keeps people out, and lets them in again.</summary>
internal sealed class SuspensionDesk(SqliteStore store, Suspensions suspensions, Endings endings, HubConnections connections, AuditLog audit, TimeProvider time)
{
    /// <summary>
    /// Suspends a person: ends their playgrounds, closes their connections and refuses their next requests. Codes: Invalid,
    /// NotFound, Conflict (an operator).
    /// </summary>
    public async Task SuspendAsync(PersonId by, string person, string reason)
    {
        var words = OperatorDesk.Reason(reason);
        var now = time.GetUtcNow();

        // One transaction, as an admission is: a launch comes before it and is ended here, or comes after it and is refused.
        var (id, running) = await store.WriteAsync(async db =>
        {
            var row = await FindAsync(db, person);
            if (row.Kind == PersonKind.Operator)
            {
                throw new SandboxException(ErrorCode.Conflict, "An operator cannot be suspended: they can sign in again with a link that infra/up prints on the host.");
            }

            (row.SuspendedAt, row.SuspendedReason) = (row.SuspendedAt ?? now, words);
            return (PersonId.Parse(row.Id), await db.Playgrounds.Where(playground => playground.OwnerId == row.Id && playground.State != PlaygroundStage.Ended).Select(playground => playground.Id).ToListAsync());
        });
        suspensions.Began(id, words);
        audit.Act(by, $"Suspended {id.Value}: {words}");
        connections.Cut(id);
        await Task.WhenAll(running.Select(playground => endings.EndAsync(PlaygroundId.Parse(playground), EndReason.Operator, $"An operator suspended your account: {words}")));
    }

    /// <summary>Lifts a suspension; nobody's is no error. Code: NotFound.</summary>
    public async Task ReinstateAsync(PersonId by, string person)
    {
        var (id, was) = await store.WriteAsync(async db =>
        {
            var row = await FindAsync(db, person);
            var was = row.SuspendedAt is not null;
            (row.SuspendedAt, row.SuspendedReason) = (null, null);
            return (PersonId.Parse(row.Id), was);
        });
        suspensions.Ended(id);
        if (was)
        {
            audit.Act(by, $"Lifted the suspension of {id.Value}");
        }
    }

    private static async Task<PersonRow> FindAsync(SandboxDb db, string person) =>
        await db.People.SingleOrDefaultAsync(row => row.Id == person) ?? throw new SandboxException(ErrorCode.NotFound, "There is no such person.");
}
