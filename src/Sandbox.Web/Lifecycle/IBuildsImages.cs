using Sandbox.Core.People;
using Sandbox.Core.Recipes;
using Sandbox.Web.Catalog;

namespace Sandbox.Web.Lifecycle;

/// <summary>How far a build is.</summary>
/// <param name="Percent">0 to 100.</param>
/// <param name="Text">What is being done, for people: <c>Dockerfile:3: RUN make</c>.</param>
/// <param name="Output">The end of what its programs printed.</param>
internal sealed record BuildStep(int Percent, string Text, string Output);

/// <summary>Makes the images of recipes whose nodes have a Dockerfile in place of an image.</summary>
internal interface IBuildsImages
{
    /// <summary>
    /// The image that a node's Dockerfile makes, in a sandbox of the person, unless they have it already. Codes: those of a
    /// build, of fetching a repository and of opening a sandbox; nothing is kept then.
    /// </summary>
    Task<ResolvedImage> BuildAsync(PersonId owner, RecipeNode node, Action<BuildStep> say, CancellationToken cancellationToken);
}
