using Sandbox.Web.Store;

namespace Sandbox.Web.Lifecycle;

/// <summary>A command of a setup that is not the recipe's.</summary>
/// <param name="Line">As a person reads it.</param>
/// <param name="Command">The argv.</param>
/// <param name="Stdin">What it reads.</param>
internal sealed record PreparedCommand(string Line, IReadOnlyList<string> Command, ReadOnlyMemory<byte> Stdin);

/// <summary>Brings into a playground's first sandbox what does not stand in its recipe.</summary>
internal interface IPreparesPlaygrounds
{
    /// <summary>
    /// Writes files into sandboxes that were started just now, before anything runs, and answers with the commands that come
    /// after the recipe's own setup. A fault fails the launch. Codes: those of the runtime.
    /// </summary>
    Task<IReadOnlyList<PreparedCommand>> PrepareAsync(PlaygroundRow playground, CancellationToken cancellationToken);
}
