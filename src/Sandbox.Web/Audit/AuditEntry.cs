using Sandbox.Web.Store;

namespace Sandbox.Web.Audit;

/// <summary>A row to be: an event, and how often it was repeated since. Guarded by the lock of its <see cref="AuditLog"/>.</summary>
internal sealed class AuditEntry(AuditKind kind, DateTimeOffset begins)
{
    private const int MostText = 300;

    public AuditKind Kind => kind;

    public DateTimeOffset At { get; } = begins;

    public DateTimeOffset LastAt { get; set; } = begins;

    public int Count { get; set; }

    public string? Code { get; init; }

    public string? Person { get; init; }

    public string? Address { get; init; }

    public string? Playground { get; init; }

    public required string Text { get; init => field = value.Length <= MostText ? value : value[..(MostText - 1)] + "…"; }

    /// <summary>The id of its row once it has one.</summary>
    public long Id { get; set; }

    /// <summary>Whether it waits to be written.</summary>
    public bool IsWaiting { get; set; }

    public AuditRow ToRow() => new()
    {
        Kind = kind,
        At = At,
        LastAt = LastAt,
        Count = Count,
        Code = Code,
        PersonId = Person,
        Address = Address,
        PlaygroundId = Playground,
        Text = Text,
    };
}
