using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Sandbox.Core.Recipes;

/// <summary>
/// A Dockerfile that makes a node's image. Its context is a folder of a git repository, or files that stand in the recipe.
/// The image is built in a sandbox of the visitor, once for each commit.
/// <code>{"context":"app","ref":"v1.2","url":"https://git.example/team/app"}</code>
/// </summary>
public sealed record RecipeBuild
{
    /// <summary>Begins the name of every image that a recipe's Dockerfile made; no other image has such a name.</summary>
    public const string NamePrefix = "built/";

    private const int ShownHash = 12;
    private const int MaxShortName = 40;

    /// <summary>An https URL of a git repository; null when <see cref="Files"/> are the context.</summary>
    public string? Url { get; init; }

    /// <summary>A branch, a tag or a commit of the repository; null is its HEAD.</summary>
    public string? Ref { get; init; }

    /// <summary>The folder that is the context, relative to the root of the repository; null is the root.</summary>
    public string? Context { get; init; }

    /// <summary>The Dockerfile's path, relative to the root of the repository or of the files; null is <c>Dockerfile</c>, else <c>Containerfile</c>, of the context.</summary>
    public string? Dockerfile { get; init; }

    /// <summary>The stage to build; null is the last one.</summary>
    public string? Target { get; init; }

    /// <summary>Values of ARGs.</summary>
    public IReadOnlyDictionary<string, string> Args { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>The context, if it does not come from a repository. Their paths are relative.</summary>
    public IReadOnlyList<RecipeFile> Files { get; init; } = [];

    /// <summary>Whether its source never moves: files, or a commit.</summary>
    [JsonIgnore]
    public bool IsPinned => Url is null || (Ref is { Length: 40 or 64 } commit && commit.All(char.IsAsciiHexDigitLower));

    /// <summary>The name of the image in its owner's list. Equal builds have the same: <c>built/app:0123456789ab-c0ffee123456</c>.</summary>
    [JsonIgnore]
    public string ImageName
    {
        get
        {
            using var document = JsonSerializer.SerializeToDocument(this, RecipeJson.Options);
            var hash = Convert.ToHexStringLower(SHA256.HashData(CanonicalJson.Write(document.RootElement)))[..ShownHash];
            return Url is null ? $"{NamePrefix}files:{hash}" : $"{NamePrefix}{ShortName(Url)}:{(IsPinned ? Ref![..ShownHash] + "-" : "")}{hash}";
        }
    }

    /// <summary>The source in words: <c>app/Dockerfile of https://git.example/team/app at v1.2</c>.</summary>
    [JsonIgnore]
    public string Source
    {
        get
        {
            var file = Dockerfile ?? (Context is null ? "Dockerfile" : $"{Context}/Dockerfile");
            return Url is null ? file : $"{file} of {Url}{(Ref is null ? "" : $" at {(IsPinned ? Ref[..ShownHash] : Ref)}")}";
        }
    }

    /// <summary>Whether an image of this name was made by a recipe's Dockerfile.</summary>
    public static bool IsImageName(string name) => name.StartsWith(NamePrefix, StringComparison.Ordinal);

    private static string ShortName(string url)
    {
        var last = url.TrimEnd('/').Split('/')[^1];
        last = last.EndsWith(".git", StringComparison.Ordinal) ? last[..^4] : last;
        var words = last.ToLowerInvariant().Split([.. last.ToLowerInvariant().Where(letter => !char.IsAsciiLetterLower(letter) && !char.IsAsciiDigit(letter)).Distinct()], StringSplitOptions.RemoveEmptyEntries);
        var name = string.Join('-', words);
        return name.Length == 0 ? "repository" : name[..Math.Min(name.Length, MaxShortName)].TrimEnd('-');
    }
}
