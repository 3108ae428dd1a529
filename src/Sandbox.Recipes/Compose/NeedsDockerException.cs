using Sandbox.Recipes.Problems;

namespace Sandbox.Recipes.Compose;

/// <summary>A part of a compose file that a node cannot do.</summary>
internal sealed class NeedsDockerException(LocatedValue at, string path, string why) : Exception(why)
{
    public LocatedValue At => at;

    public string Path => path;
}
