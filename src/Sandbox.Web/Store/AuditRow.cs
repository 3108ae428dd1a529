namespace Sandbox.Web.Store;

/// <summary>What kind of event a row of the audit log is.</summary>
internal enum AuditKind
{
    /// <summary>A playground was admitted.</summary>
    Launch,

    /// <summary>A playground ended; the code is its reason.</summary>
    End,

    /// <summary>An operator signed in or out, or a link for it was made.</summary>
    SignIn,

    /// <summary>An operator changed something.</summary>
    Operator,

    /// <summary>A request was refused by a limit, where the code is that of the answer, or had a wrong password.</summary>
    Refused,

    /// <summary>The host stopped a sandbox, or killed a program in it, by a limit.</summary>
    Limit,

    /// <summary>Tutorials were published or deleted.</summary>
    Tutorial,

    /// <summary>A playground changed its owner; each of the two has an event.</summary>
    Handover,
}

/// <summary>An event, or several of the same kind within an hour. It refers to no other table: what it names may be gone.</summary>
internal sealed class AuditRow
{
    public long Id { get; init; }

    public required AuditKind Kind { get; init; }

    public required DateTimeOffset At { get; init; }

    /// <summary>The last of several; else as <see cref="At"/>.</summary>
    public required DateTimeOffset LastAt { get; set; }

    public required int Count { get; set; }

    public string? Code { get; init; }

    public string? PersonId { get; init; }

    /// <summary>The client's address; of IPv6 its /64.</summary>
    public string? Address { get; init; }

    public string? PlaygroundId { get; init; }

    public required string Text { get; init; }
}
