using Sandbox.Core.Recipes;
using Sandbox.Recipes.Problems;

namespace Sandbox.Recipes.Compose;

/// <summary>What becomes of a compose file that stands alone.</summary>
/// <param name="Recipe">What starts it; null when the file has a mistake.</param>
/// <param name="Decides">The first part of the file that no node can do, which leaves it to Docker; null when its services are nodes.</param>
/// <param name="Problems">The mistakes; without one, what is started in another way than it is written.</param>
public sealed record ComposeReading(Recipe? Recipe, Problem? Decides, IReadOnlyList<Problem> Problems);
