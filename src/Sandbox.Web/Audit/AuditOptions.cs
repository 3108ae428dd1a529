namespace Sandbox.Web.Audit;

/// <summary>How much of the audit log is kept.</summary>
public sealed class AuditOptions
{
    /// <summary>Days that an event is kept.</summary>
    public int Days { get; set; } = 30;

    /// <summary>Rows of one kind that are kept: refusals, which anybody can cause, never drive out an operator's acts.</summary>
    public int RowsOfKind { get; set; } = 20_000;

    internal IEnumerable<string> Validate()
    {
        if (Days is < 1 or > 3650)
        {
            yield return "Audit:Days: 1 to 3650";
        }

        if (RowsOfKind is < 100 or > 1_000_000)
        {
            yield return "Audit:RowsOfKind: 100 to 1000000";
        }
    }
}
