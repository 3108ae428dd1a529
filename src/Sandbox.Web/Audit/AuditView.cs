using Sandbox.Web.Store;

namespace Sandbox.Web.Audit;

/// <summary>An event of the audit log.</summary>
/// <param name="Id">Grows with time.</param>
/// <param name="At">When it happened; the first of several.</param>
/// <param name="LastAt">When the last of several happened.</param>
/// <param name="Count">How often, within an hour.</param>
/// <param name="Kind">launch, end, sign_in, operator, refused, limit, tutorial or handover.</param>
/// <param name="Code">The reason or the refusal: expired, quota, rate.</param>
/// <param name="Person">Who did it, or whose playground it is.</param>
/// <param name="Address">The client's address; of IPv6 its /64.</param>
/// <param name="Playground">The playground's id; it may be forgotten already.</param>
/// <param name="Text">In a few words.</param>
public sealed record AuditView(long Id, DateTimeOffset At, DateTimeOffset LastAt, int Count, string Kind, string? Code, string? Person, string? Address, string? Playground, string Text)
{
    internal static AuditView From(AuditRow row) =>
        new(row.Id, row.At, row.LastAt, row.Count, AuditKinds.Text(row.Kind), row.Code, row.PersonId, row.Address, row.PlaygroundId, row.Text);
}

/// <summary>A page of the audit log, the newest first.</summary>
/// <param name="Events">The events.</param>
/// <param name="Before">What to send as before for the next page; null after the last one.</param>
public sealed record AuditPage(IReadOnlyList<AuditView> Events, long? Before);
