using Sandbox.Core.People;

namespace Sandbox.Web.Lifecycle;

/// <summary>Makes launches of the addresses of tutorials.</summary>
internal interface IOrdersTutorials
{
    /// <summary>
    /// What a tutorial starts, with a new run of it that is recorded when the launch is admitted. Codes: NotFound, Invalid (the
    /// parameters), Conflict (it can only be read here), and those of a link that it starts from.
    /// </summary>
    /// <param name="visitor">Who asks; null for a guest to be.</param>
    /// <param name="address">A hash, a name, or name@hash.</param>
    /// <param name="parameters">Values of its parameters.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    Task<LaunchOrder> OrderAsync(PersonId? visitor, string address, IReadOnlyDictionary<string, string>? parameters, CancellationToken cancellationToken);
}
