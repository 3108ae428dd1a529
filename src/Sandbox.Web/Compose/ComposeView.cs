using Sandbox.Core.Recipes;
using Sandbox.Recipes.Compose;
using Sandbox.Recipes.Problems;

namespace Sandbox.Web.Compose;

/// <summary>What a compose file starts.</summary>
/// <param name="Kind">nodes, or docker: one sandbox in which <c>docker compose up</c> starts the services.</param>
/// <param name="Nodes">The sandboxes.</param>
/// <param name="Decides">The first part of the file that no node can do; left out for nodes.</param>
/// <param name="Problems">What is started in another way than it is written.</param>
public sealed record ComposeView(string Kind, IReadOnlyList<ComposeNodeView> Nodes, ComposePlaceView? Decides, IReadOnlyList<ComposePlaceView> Problems)
{
    internal static ComposeView Of(Recipe recipe, ComposeReading reading) => new(
        reading.Decides is null ? "nodes" : "docker",
        [.. recipe.Nodes.Select(node => new ComposeNodeView(node.Name, node.Image, [.. node.Ports.Select(port => port.Port)]))],
        reading.Decides is { } decides ? ComposePlaceView.Of(decides) : null,
        [.. reading.Problems.Select(ComposePlaceView.Of)]);
}

/// <summary>A sandbox that is started.</summary>
/// <param name="Name">The service's name; other nodes reach it by this name.</param>
/// <param name="Image">An image of the catalog.</param>
/// <param name="Ports">The ports that the file publishes, as the service has them.</param>
public sealed record ComposeNodeView(string Name, string Image, IReadOnlyList<int> Ports);

/// <summary>A place in a compose file.</summary>
/// <param name="Line">From 1.</param>
/// <param name="Column">From 1.</param>
/// <param name="Field">The path of the field: <c>services.web.build</c>; null for a text that is not YAML.</param>
/// <param name="What">The problem.</param>
public sealed record ComposePlaceView(int Line, int Column, string? Field, string What)
{
    internal static ComposePlaceView Of(Problem problem) => new(problem.Line, problem.Column, problem.Field, problem.What);
}
