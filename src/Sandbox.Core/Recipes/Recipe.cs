using System.Text.Json.Serialization;
using Sandbox.Core.Images;
using Sandbox.Core.Quotas;

namespace Sandbox.Core.Recipes;

/// <summary>
/// What to start: everything a playground is made of, and nothing about who asks for it. An image alone is the
/// shortest recipe. A lock is a recipe whose every image is a digest.
/// <code>{"nodes":[{"name":"main","image":"debian","files":[{"path":"/root/hi","text":"hello\n"}],"setup":[["chmod","600","/root/hi"]]}]}</code>
/// </summary>
public sealed record Recipe
{
    /// <summary>Version of the format, see <see cref="RecipeJson.Version"/>.</summary>
    public int Version { get; init; } = RecipeJson.Version;

    /// <summary>The sandboxes, in the order they are started. They share a network and find each other by name.</summary>
    public required IReadOnlyList<RecipeNode> Nodes { get; init; }

    /// <summary>The values that the visitor enters before the start.</summary>
    public IReadOnlyList<RecipeParameter> Parameters { get; init; } = [];

    /// <summary>The terminals that open with the playground; empty opens one shell.</summary>
    public IReadOnlyList<RecipeTerminal> Terminals { get; init; } = [];

    /// <summary>Whether the recipe starts the same thing everywhere: each image is a digest, and no repository is left to clone.</summary>
    [JsonIgnore]
    public bool IsLock => Nodes.All(node => Digest.TryParse(node.Image, out _) && node.Repositories.Count == 0);

    /// <summary>The shortest recipe: one node from one image.</summary>
    public static Recipe FromImage(string image) => new() { Nodes = [new RecipeNode { Image = image }] };
}

/// <summary>One sandbox of a recipe.</summary>
public sealed record RecipeNode : RecipeContent
{
    /// <summary>The name of a node that does not set one.</summary>
    public const string DefaultName = "main";

    /// <summary>The sandbox's name and host name: letters, digits and dashes.</summary>
    public string Name { get; init; } = DefaultName;

    /// <summary>A name in the catalog, or the digest of an image in it. Empty when <see cref="Build"/> makes the image and has not made it yet.</summary>
    public string Image { get; init; } = "";

    /// <summary>The Dockerfile that makes the image; beside a digest, the one that made it.</summary>
    public RecipeBuild? Build { get; init; }

    /// <summary>Whether its image has to be built before it can start.</summary>
    [JsonIgnore]
    public bool NeedsBuild => Build is not null && Image.Length == 0;

    /// <summary>Commands run in order once the sandbox is up, each an argv.</summary>
    public IReadOnlyList<IReadOnlyList<string>> Setup { get; init; } = [];

    /// <summary>The TCP ports that the page offers to open.</summary>
    public IReadOnlyList<RecipePort> Ports { get; init; } = [];

    /// <summary>Limits below those of the plan; null is the plan's.</summary>
    public RecipeResources? Resources { get; init; }

    /// <summary>Volumes of the visitor, which outlive the playground.</summary>
    public IReadOnlyList<RecipeVolume> Volumes { get; init; } = [];

    /// <summary>The limits of its sandbox: the plan's, lowered by what the node asks for.</summary>
    public SandboxLimits LimitsWithin(SandboxLimits plan) => Resources?.Lower(plan) ?? plan;

    /// <summary>Git repositories, checked out before the setup. A lock has none: their files are part of its image.</summary>
    public IReadOnlyList<RecipeRepository> Repositories { get; init; } = [];
}

/// <summary>A file of a recipe: text or base64, never both.</summary>
public sealed record RecipeFile
{
    /// <summary>An absolute path in the sandbox; parents are made.</summary>
    public required string Path { get; init; }

    /// <summary>The content as UTF-8 text.</summary>
    public string? Text { get; init; }

    /// <summary>The content as base64, for bytes that are not text.</summary>
    public string? Base64 { get; init; }

    /// <summary>Permission bits in octal, as chmod takes them: <c>"644"</c>, <c>"0755"</c>. Null is 0644.</summary>
    public string? Mode { get; init; }

    /// <summary>The bytes to write.</summary>
    [JsonIgnore]
    public byte[] Content => Base64 is not null ? Convert.FromBase64String(Base64) : System.Text.Encoding.UTF8.GetBytes(Text ?? "");
}
