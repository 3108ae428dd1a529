namespace Sandbox.Recipes.Dockerfiles;

/// <summary>One instruction.</summary>
/// <param name="Line">Where it begins, from 1.</param>
/// <param name="Name">In upper case: <c>RUN</c>.</param>
/// <param name="Text">The rest of it, its lines joined; without the contents of its heredocs.</param>
public sealed record DockerInstruction(int Line, string Name, string Text);

/// <summary>A stage: its FROM and what follows.</summary>
/// <param name="Name">In lower case; null when it has none.</param>
/// <param name="From">The image or the earlier stage that it is built on, its variables filled in.</param>
/// <param name="Instructions">All of them, FROM first.</param>
public sealed record DockerStage(string? Name, string From, IReadOnlyList<DockerInstruction> Instructions)
{
    public int Line => Instructions[0].Line;
}

/// <summary>An image that a build needs and does not make.</summary>
/// <param name="Line">The first line that names it.</param>
/// <param name="Reference">As it is written: <c>debian</c>, <c>ghcr.io/owner/image:tag</c>.</param>
public sealed record DockerBase(int Line, string Reference);

/// <summary>The structure of a Dockerfile: as much as is needed to say which images it needs, and which line a step of its build is.</summary>
/// <param name="Stages">In the order of the file.</param>
/// <param name="Target">The index of the stage that is built.</param>
/// <param name="Bases">The images from elsewhere that the target needs.</param>
public sealed record DockerfileText(IReadOnlyList<DockerStage> Stages, int Target, IReadOnlyList<DockerBase> Bases);
