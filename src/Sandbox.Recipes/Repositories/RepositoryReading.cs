using Sandbox.Core.Recipes;
using Sandbox.Recipes.Problems;

namespace Sandbox.Recipes.Repositories;

/// <summary>What a repository starts.</summary>
/// <param name="Recipe">Valid by <see cref="RecipeRules.Validate"/>, and the repository is one of its node's, or the context of its build, unless a compose file became nodes. Null when <c>sandbox.yaml</c> has mistakes.</param>
/// <param name="File">The file that decides, relative to the root; null when there is none and the default image is started.</param>
/// <param name="NeedsBuilds">Whether a compose file decides that needs Docker where it is not offered: the default image is started in its place.</param>
/// <param name="Problems">Mistakes, and each part that was left out, with file and line.</param>
public sealed record RepositoryReading(Recipe? Recipe, string? File, bool NeedsBuilds, IReadOnlyList<Problem> Problems);
