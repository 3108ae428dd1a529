using Sandbox.Core.Recipes;
using Sandbox.Recipes.Problems;

namespace Sandbox.Recipes.Documents;

/// <summary>What was read from a document.</summary>
/// <param name="Recipe">Valid by <see cref="RecipeRules.Validate"/>; null when a problem is a mistake.</param>
/// <param name="Problems">Every problem at once, in the order of the document.</param>
public sealed record RecipeReading(Recipe? Recipe, IReadOnlyList<Problem> Problems);
