using Sandbox.Core.People;
using Sandbox.Core.Playgrounds;
using Sandbox.Web.Store;

namespace Sandbox.Web.Audit;

/// <summary>Something that an operator may want to read about.</summary>
/// <param name="Kind">Of what kind it is.</param>
/// <param name="Text">In a few words, for the operator.</param>
internal sealed record AuditEvent(AuditKind Kind, string Text)
{
    /// <summary>Who did it, or whose playground it is.</summary>
    public PersonId? Person { get; init; }

    /// <summary>The client's address, as <see cref="Http.AddressRates"/> writes it.</summary>
    public string? Address { get; init; }

    public PlaygroundId? Playground { get; init; }

    /// <summary>The reason or the refusal, in snake_case.</summary>
    public string? Code { get; init; }
}
