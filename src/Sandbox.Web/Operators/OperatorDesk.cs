using Microsoft.EntityFrameworkCore;
using Sandbox.Core.Errors;
using Sandbox.Core.People;
using Sandbox.Core.Playgrounds;
using Sandbox.Core.Quotas;
using Sandbox.Core.Runtime;
using Sandbox.Core.Sandboxes;
using Sandbox.Web.Audit;
using Sandbox.Web.Catalog;
using Sandbox.Web.Lifecycle;
using Sandbox.Web.Playgrounds;
using Sandbox.Web.Queue;
using Sandbox.Web.Store;

namespace Sandbox.Web.Operators;

/// <summary>What an operator may see and change besides the catalog: running playgrounds, plans and people.</summary>
internal sealed class OperatorDesk(SqliteStore store, ImageCatalog catalog, SandboxStates states, Admission admission, QueueBoard queue, Endings endings, AuditLog audit, ISandboxRuntime runtime, TimeProvider time)
{
    private const int MostReason = 200;

    public async Task<IReadOnlyList<RunningView>> RunningAsync(CancellationToken cancellationToken)
    {
        var rows = await store.ReadAsync(db => db.Playgrounds.WithAll()
            .Where(row => row.State != PlaygroundStage.Ended).OrderBy(row => row.CreatedAt).ToListAsync(cancellationToken));
        var places = (await queue.LookAsync(admission.CommitmentAsync)).Places;
        var now = time.GetUtcNow();
        return [.. rows.Select(row => new RunningView(row.OwnerId, row.ToView(catalog, states, now) with { Queue = places.GetValueOrDefault(row.Id) }))];
    }

    /// <summary>Ends anybody's playground; its owner reads the reason, 1 to 200 characters. Codes: Invalid, NotFound.</summary>
    public async Task EndAsync(PersonId by, string playground, string reason, CancellationToken cancellationToken)
    {
        var words = Reason(reason);
        if (!PlaygroundId.TryParse(playground, out var id)
            || !await store.ReadAsync(db => db.Playgrounds.AnyAsync(row => row.Id == id.Value, cancellationToken)))
        {
            throw new SandboxException(ErrorCode.NotFound, "There is no such playground.");
        }

        await endings.EndAsync(id, EndReason.Operator, words);
        audit.Act(by, $"Ended a playground: {words}", id);
    }

    /// <summary>Words for a visitor. Code: Invalid.</summary>
    internal static string Reason(string reason)
    {
        var words = reason.Trim();
        return words.Length is 0 or > MostReason || words.Any(char.IsControl)
            ? throw new SandboxException(ErrorCode.Invalid, "reason: 1 to 200 characters, on one line")
            : words;
    }

    public async Task<IReadOnlyList<PlanView>> PlansAsync(CancellationToken cancellationToken)
    {
        var rows = await store.ReadAsync(db => db.Plans.AsNoTracking().OrderBy(row => row.Name).ToListAsync(cancellationToken));
        return [.. rows.Select(PlanView.From)];
    }

    /// <summary>Adds or changes a plan. Codes: Invalid, naming every mistake; IsolationUnavailable.</summary>
    public async Task SavePlanAsync(PersonId by, PlanView plan)
    {
        if (plan.Isolation is { } isolation)
        {
            var current = await store.ReadAsync(db => db.Plans.Where(row => row.Name == plan.Name).Select(row => row.Isolation).SingleOrDefaultAsync());
            await IsolationSetting.CheckAsync(isolation, current, runtime, CancellationToken.None);
        }

        var changes = await store.WriteAsync(async db =>
        {
            var row = await db.Plans.SingleOrDefaultAsync(row => row.Name == plan.Name);
            var core = plan.ToRow(row ?? PlanRow.From(Plan.Guest)).ToPlan();
            var before = row is null ? null : PlanView.From(row);
            var mistakes = core.Validate();
            if (mistakes.Count > 0)
            {
                throw new SandboxException(ErrorCode.Invalid, string.Join("; ", mistakes));
            }

            if (row is not null)
            {
                row.Set(core);
            }
            else
            {
                db.Plans.Add(row = PlanRow.From(core));
            }

            return before is null ? "a new plan" : PlanChanges.Words(before, PlanView.From(row));
        });
        audit.Act(by, $"Saved the plan {plan.Name}: {changes}");
    }

    public async Task<IReadOnlyList<PersonView>> PeopleAsync(CancellationToken cancellationToken)
    {
        var rows = await store.ReadAsync(db => db.People.AsNoTracking().OrderByDescending(row => row.SuspendedAt != null).ThenByDescending(row => row.LastSeenAt).Take(1000)
            .Select(row => new
            {
                Row = row,
                Running = db.Playgrounds.Count(playground => playground.OwnerId == row.Id && playground.State != PlaygroundStage.Ended),
            }).ToListAsync(cancellationToken));
        return
        [
            .. rows.Select(found => new PersonView(
                found.Row.Id,
                found.Row.Kind == PersonKind.Operator ? "operator" : "guest",
                found.Row.PlanName,
                found.Row.MaxPlaygrounds,
                found.Row.CreatedAt,
                found.Row.LastSeenAt,
                found.Running,
                found.Row.SuspendedAt,
                found.Row.SuspendedReason)),
        ];
    }

    /// <summary>Gives a person another plan or an own limit. Codes: NotFound, Invalid.</summary>
    public async Task SavePersonAsync(PersonId by, string person, string plan, int? maxPlaygrounds)
    {
        await SavePersonAsync(person, plan, maxPlaygrounds);
        audit.Act(by, $"Gave {person} the plan {plan}{(maxPlaygrounds is { } most ? $" and at most {most} playgrounds" : "")}");
    }

    private Task<bool> SavePersonAsync(string person, string plan, int? maxPlaygrounds) => store.WriteAsync(async db =>
    {
        var row = await db.People.SingleOrDefaultAsync(found => found.Id == person)
            ?? throw new SandboxException(ErrorCode.NotFound, "There is no such person.");
        if (!await db.Plans.AnyAsync(found => found.Name == plan))
        {
            throw new SandboxException(ErrorCode.Invalid, "plan: there is no such plan");
        }

        if (maxPlaygrounds is < 0 or > 1000)
        {
            throw new SandboxException(ErrorCode.Invalid, "maxPlaygrounds: 0 to 1000, or nothing for the plan's");
        }

        row.PlanName = plan;
        row.MaxPlaygrounds = maxPlaygrounds;
        return true;
    });
}
