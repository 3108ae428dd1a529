using Sandbox.Core.Recipes;
using Sandbox.Recipes.Problems;

namespace Sandbox.Recipes.DevContainers;

/// <summary>
/// The part of a <c>devcontainer.json</c> that a stranger's repository may decide: image, environment, user, folder,
/// lifecycle commands, ports and secrets. Nothing of it runs on the host or gains privileges.
/// https://containers.dev/implementors/json_reference/
/// </summary>
public sealed record DevContainer
{
    /// <summary>Its <c>name</c>.</summary>
    public string? Title { get; init; }

    /// <summary>The image; null when there is none, or a Dockerfile makes it.</summary>
    public string? Image { get; init; }

    /// <summary>The Dockerfile that makes its image, with paths relative to the repository's root and without the repository's URL; null when there is none.</summary>
    public RecipeBuild? Build { get; init; }

    /// <summary>The compose files of which it is a service; null when there are none, or they cannot be used.</summary>
    public DevContainerCompose? Compose { get; init; }

    /// <summary>The absolute path of the work tree in the sandbox.</summary>
    public required string WorkspaceFolder { get; init; }

    /// <summary>Whether the file says where that is.</summary>
    public bool HasWorkspaceFolder { get; init; }

    /// <summary>
    /// The recipe without repositories, valid by <see cref="RecipeRules.Validate"/>. Its image is <see cref="Image"/>, or
    /// the default image in its place. Without <see cref="Build"/> and <see cref="Compose"/> it then has no user and no commands, because they belong
    /// to an image that does not exist.
    /// </summary>
    public required Recipe Recipe { get; init; }

    /// <summary>Each part that was refused, is not supported or has no effect, with its line; sorted.</summary>
    public required IReadOnlyList<Problem> Problems { get; init; }

    /// <summary>Reads a file. It never fails as a whole: a text that cannot be read is a problem and gives the default image.</summary>
    /// <param name="text">JSON with comments.</param>
    /// <param name="file">The path of the file in its repository, for the problems.</param>
    /// <param name="name">The name of the repository.</param>
    /// <param name="defaultImage">The image in place of one that is missing.</param>
    public static DevContainer Read(string text, string file, string name, string defaultImage) => new DevContainerReader(text, file, name, defaultImage).Read();
}
