using System.Text;
using Sandbox.Core.Recipes;
using Sandbox.Recipes.Addresses;
using Sandbox.Recipes.Compose;
using Sandbox.Recipes.DevContainers;
using Sandbox.Recipes.Documents;
using Sandbox.Recipes.Problems;

namespace Sandbox.Recipes.Repositories;

/// <summary>
/// Finds what a repository starts, in this order: <c>sandbox.yaml</c>, <c>.devcontainer/devcontainer.json</c>,
/// <c>.devcontainer.json</c>, <c>Dockerfile</c>, <c>Containerfile</c>, <c>compose.yaml</c>, else the default image with the
/// repository checked out. The address's folder is looked into before the root.
/// </summary>
public static class RepositoryLayout
{
    /// <summary>The most bytes of a file that are looked at.</summary>
    public const int MaxFileBytes = RecipeDocument.MaxBytes;

    private const string RecipeFile = "sandbox.yaml";

    private static readonly string[] DevContainers = [".devcontainer/devcontainer.json", ".devcontainer.json"];
    private static readonly string[] Dockerfiles = ["Dockerfile", "Containerfile"];
    private static readonly string[] ComposeFiles = ["compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml"];

    /// <summary>Every path that is looked at, in order.</summary>
    public static IEnumerable<string> Candidates(RepositoryAddress address) => address.Stack is { } stack
        ? [stack]
        : Folders(address).SelectMany(folder => (string[])[folder + RecipeFile, .. DevContainers.Concat(Dockerfiles).Concat(ComposeFiles).Select(file => folder + file)]);

    /// <summary>Reads a checked-out repository.</summary>
    /// <param name="address">The repository.</param>
    /// <param name="read">Gives the content of a file by its path relative to the root, or null when there is no such file. It reads no more than <see cref="MaxFileBytes"/> + 1 bytes.</param>
    /// <param name="defaultImage">The image of a repository that names none.</param>
    /// <param name="offered">Gives the name here of an image that a dev container or a compose file asks for, or null when there is none; null leaves images as they are written.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    public static async Task<RepositoryReading> ReadAsync(
        RepositoryAddress address, Func<string, CancellationToken, Task<byte[]?>> read, string defaultImage, Func<string, string?>? offered = null, CancellationToken cancellationToken = default)
    {
        var log = new ProblemLog();
        offered ??= image => image;
        if (address.Stack is { } stack)
        {
            return OfCompose(address, stack, await read(stack, cancellationToken) ?? [], defaultImage, offered, log);
        }

        foreach (var folder in Folders(address))
        {
            if (await read(folder + RecipeFile, cancellationToken) is { } recipe)
            {
                return OfRecipe(address, folder + RecipeFile, recipe, defaultImage);
            }

            foreach (var file in DevContainers)
            {
                if (await read(folder + file, cancellationToken) is { } container)
                {
                    return await OfDevContainerAsync(address, folder + file, container, read, defaultImage, offered, log, cancellationToken);
                }
            }

            foreach (var file in Dockerfiles)
            {
                if (await read(folder + file, cancellationToken) is not null)
                {
                    return OfDockerfile(address, folder, file);
                }
            }

            foreach (var file in ComposeFiles)
            {
                if (await read(folder + file, cancellationToken) is { } compose)
                {
                    return OfCompose(address, folder + file, compose, defaultImage, offered, log);
                }
            }
        }

        return new RepositoryReading(OfDefault(address, defaultImage), null, NeedsBuilds: false, []);
    }

    private static string[] Folders(RepositoryAddress address) => address.Folder is null ? [""] : [address.Folder + "/", ""];

    private static RepositoryReading OfRecipe(RepositoryAddress address, string file, byte[] bytes, string defaultImage)
    {
        var reading = RecipeDocument.Read(bytes, file, defaultImage, new RecipeRepository { Url = address.Url, Ref = address.Ref, Path = $"/workspaces/{address.Name}" });
        if (reading.Recipe is not { } recipe)
        {
            return new RepositoryReading(null, file, NeedsBuilds: false, reading.Problems);
        }

        // An image that the author builds of the repository has of it what the Dockerfile says, and need not have git.
        if (recipe.Nodes[0] is { Build: not null, Repositories.Count: 0 })
        {
            return new RepositoryReading(recipe, file, NeedsBuilds: false, []);
        }

        var checkedOut = CheckedOut(recipe, address, $"/workspaces/{address.Name}");
        if (RecipeRules.Validate(checkedOut) is [var mistake, ..])
        {
            return new RepositoryReading(null, file, NeedsBuilds: false, [new Problem(ProblemKind.Mistake, file, 1, 1, "repositories", $"with this repository itself: {mistake.Split(": ", 2)[^1]}")]);
        }

        return new RepositoryReading(checkedOut, file, NeedsBuilds: false, []);
    }

    private static async Task<RepositoryReading> OfDevContainerAsync(
        RepositoryAddress address, string file, byte[] bytes, Func<string, CancellationToken, Task<byte[]?>> read, string defaultImage, Func<string, string?> offered, ProblemLog log, CancellationToken cancellationToken)
    {
        if (bytes.Length > MaxFileBytes)
        {
            log.Unsupported(file, 1, $"the file has more than 2 MiB: {defaultImage} is started instead");
            return new RepositoryReading(OfDefault(address, defaultImage), file, NeedsBuilds: false, log.All);
        }

        var container = DevContainer.Read(Encoding.UTF8.GetString(bytes).TrimStart('\uFEFF'), file, address.Name, defaultImage);
        if (container.Build is { } build)
        {
            var built = container.Recipe with { Nodes = [container.Recipe.Nodes[0] with { Image = "", Build = build with { Url = address.Url, Ref = address.Ref } }] };
            return new RepositoryReading(CheckedOut(built, address, container.WorkspaceFolder), file, NeedsBuilds: false, container.Problems);
        }

        if (container.Compose is { } compose)
        {
            return await OfComposedAsync(address, file, container, compose, read, defaultImage, offered, log, cancellationToken);
        }

        if (container.Image is not { } image || offered(image) == image)
        {
            return new RepositoryReading(CheckedOut(container.Recipe, address, container.WorkspaceFolder), file, NeedsBuilds: false, container.Problems);
        }

        // The user and the commands belong to the author's image; a relative of it, by name, has them too.
        var other = offered(image);
        log.Unsupported(file, 1, $"the image {image} is not offered here: {other ?? defaultImage} is started instead", "image");
        var recipe = other is null
            ? Recipe.FromImage(defaultImage)
            : container.Recipe with { Nodes = [container.Recipe.Nodes[0] with { Image = other, User = null }, .. container.Recipe.Nodes.Skip(1)] };
        return new RepositoryReading(CheckedOut(recipe, address, container.WorkspaceFolder), file, NeedsBuilds: false, [.. log.All, .. container.Problems]);
    }

    /// <summary>A service of compose files as a node, with the others beside it, else in Docker; the default image where neither can be.</summary>
    private static async Task<RepositoryReading> OfComposedAsync(
        RepositoryAddress address, string file, DevContainer container, DevContainerCompose compose, Func<string, CancellationToken, Task<byte[]?>> read, string defaultImage, Func<string, string?> offered, ProblemLog log, CancellationToken cancellationToken)
    {
        var instead = $"{defaultImage} is started instead";
        var texts = new List<string>();
        foreach (var path in compose.Files)
        {
            if (await read(path, cancellationToken) is not { Length: <= MaxFileBytes } text)
            {
                log.Unsupported(file, 1, $"the repository has no file {path}, or it has more than 2 MiB: {instead}", "dockerComposeFile");
                return new RepositoryReading(OfDefault(address, defaultImage), file, NeedsBuilds: false, [.. log.All, .. container.Problems]);
            }

            texts.Add(Encoding.UTF8.GetString(text).TrimStart('\uFEFF'));
        }

        var docker = offered(ComposeFile.Image);
        var otherwise = docker is null ? $"that needs the image {ComposeFile.Image}, which is not offered here, so {instead}" : $"Docker starts the services in the image {docker}";
        var composed = new ComposedContainer(container, compose, address);
        if (!composed.HasService(texts))
        {
            log.Unsupported(file, 1, $"{string.Join(", ", compose.Files)} has no service {compose.Service}: {instead}", "service");
            return new RepositoryReading(OfDefault(address, defaultImage), file, NeedsBuilds: false, [.. log.All, .. container.Problems]);
        }

        if (composed.AsNodes(file, texts[0], offered, otherwise, log) is { } nodes)
        {
            return new RepositoryReading(CheckedOut(nodes, address, container.WorkspaceFolder), file, NeedsBuilds: false, [.. log.All, .. container.Problems]);
        }

        return docker is not null && composed.InDocker(file, texts, docker, instead, log) is { } recipe
            ? new RepositoryReading(CheckedOut(recipe, address, $"/workspaces/{address.Name}"), file, NeedsBuilds: false, [.. log.All, .. container.Problems])
            : new RepositoryReading(OfDefault(address, defaultImage), file, NeedsBuilds: docker is null, [.. log.All, .. container.Problems]);
    }

    /// <summary>The image is what the Dockerfile makes of the folder, and nothing is checked out into it: it need not have git.</summary>
    private static RepositoryReading OfDockerfile(RepositoryAddress address, string folder, string file)
    {
        var build = new RecipeBuild { Url = address.Url, Ref = address.Ref, Context = folder.Length == 0 ? null : folder.TrimEnd('/'), Dockerfile = folder + file };
        return new RepositoryReading(new Recipe { Nodes = [new RecipeNode { Build = build }] }, folder + file, NeedsBuilds: false, []);
    }

    /// <summary>
    /// Nodes, when they can do all that the services ask for: then the repository is not checked out, as in a node that is
    /// built. Else Docker in the folder of the file, which it finds by itself unless the file has a name of its own.
    /// </summary>
    private static RepositoryReading OfCompose(RepositoryAddress address, string file, byte[] bytes, string defaultImage, Func<string, string?> offered, ProblemLog log)
    {
        var docker = offered(ComposeFile.Image);
        var otherwise = docker is null ? $"that needs the image {ComposeFile.Image}, which is not offered here, so {defaultImage} is started instead" : $"{ComposeFile.Command} starts the services in the image {docker}";
        if (ComposeFile.ReadNodes(Encoding.UTF8.GetString(bytes).TrimStart('\uFEFF'), file, offered, otherwise, log) is { } nodes)
        {
            return new RepositoryReading(nodes, file, NeedsBuilds: false, log.All);
        }

        if (docker is null)
        {
            return new RepositoryReading(OfDefault(address, defaultImage), file, NeedsBuilds: true, log.All);
        }

        var name = file[(file.LastIndexOf('/') + 1)..];
        var command = ComposeFiles.Contains(name, StringComparer.Ordinal) ? ComposeFile.Command : ComposeFile.Command.Replace(" up", $" -f '{name.Replace("'", "'\\''", StringComparison.Ordinal)}' up", StringComparison.Ordinal);
        var recipe = Recipe.FromImage(docker) with { Terminals = [new RecipeTerminal { Run = command }] };
        return new RepositoryReading(CheckedOut(recipe, address, $"/workspaces/{address.Name}"), file, NeedsBuilds: false, log.All);
    }

    private static Recipe OfDefault(RepositoryAddress address, string defaultImage) =>
        CheckedOut(Recipe.FromImage(defaultImage), address, $"/workspaces/{address.Name}");

    /// <summary>The recipe with the repository itself, in whose folder the visitor starts unless the recipe says where.</summary>
    private static Recipe CheckedOut(Recipe recipe, RepositoryAddress address, string path)
    {
        var node = recipe.Nodes[0];
        var own = node.Repositories.FirstOrDefault(repository => repository.Url == address.Url);
        var tree = own?.Path ?? path;
        var start = address.Folder is null ? tree : $"{tree}/{address.Folder}";
        return recipe with
        {
            Nodes =
            [
                node with
                {
                    Workdir = node.Workdir is null || node.Workdir == tree ? start : node.Workdir,
                    Repositories = own is not null ? node.Repositories : [new RecipeRepository { Url = address.Url, Ref = address.Ref, Path = tree }, .. node.Repositories],
                },
                .. recipe.Nodes.Skip(1),
            ],
        };
    }
}
