using System.Text.Json;
using System.Text.RegularExpressions;
using Sandbox.Core.Errors;
using Sandbox.Core.Ids;
using Sandbox.Core.Recipes;
using Sandbox.Web.Catalog;

namespace Sandbox.Web.Builds;

/// <summary>What to build of a context. The names in a request are those of Docker's Engine API, where it has them.</summary>
/// <param name="Name">The image's name in its owner's list.</param>
/// <param name="Dockerfile">Its path among the files; null is <c>Dockerfile</c>, else <c>Containerfile</c>, of the context.</param>
/// <param name="Target">The stage to build; null is the last one.</param>
/// <param name="Args">Values of ARGs.</param>
internal sealed partial record BuildOrder(string Name, string? Dockerfile, string? Target, IReadOnlyDictionary<string, string> Args)
{
    /// <summary>The folder of the files that is the context; null is all of them.</summary>
    public string? Context { get; init; }

    /// <summary>The build of a recipe that this is; null for none.</summary>
    public RecipeBuild? Build { get; init; }

    /// <summary>Whether the layers of earlier builds are used, and kept for later ones.</summary>
    public bool UsesCache { get; init; }

    private const int MostName = 128;

    /// <summary>What a recipe's build asks for.</summary>
    public static BuildOrder Of(RecipeBuild build) => new(build.ImageName, build.Dockerfile, build.Target, build.Args) { Context = build.Context, Build = build };

    /// <summary>The same for the commit that was fetched; what does not come from a repository stays as it is.</summary>
    public BuildOrder At(string? commit) => commit is null || Build is null ? this : Of(Build with { Ref = commit });

    /// <summary>Reads the query of a request. Code: Invalid, naming every mistake.</summary>
    public static BuildOrder Read(IQueryCollection query)
    {
        var mistakes = new List<string>();
        var name = Of("name") ?? Of("t") ?? $"image-{IdText.Random()[..6]}";
        if (!IsName(name))
        {
            mistakes.Add($"name: 1 to {MostName} lower-case letters, digits, dots, dashes and slashes, with an optional :tag");
        }
        else if (RecipeBuild.IsImageName(name))
        {
            mistakes.Add($"name: names that begin with {RecipeBuild.NamePrefix} are those of images that recipes build");
        }

        var file = Of("dockerfile");
        if (file is not null && !BuildRules.IsInside(file))
        {
            mistakes.Add("dockerfile: a path in the context");
        }

        var target = Of("target");
        if (target is not null && !BuildRules.IsTarget(target))
        {
            mistakes.Add("target: the name or the number of a stage");
        }

        var args = ReadArgs(query, mistakes);
        return mistakes.Count == 0 ? new BuildOrder(PersonImages.Plain(name), file, target, args) { UsesCache = !IsSet("nocache") } : throw new SandboxException(ErrorCode.Invalid, string.Join("; ", mistakes));

        bool IsSet(string parameter) => Of(parameter) is { } value && value is not ("0" or "false" or "False");

        string? Of(string parameter) => query.TryGetValue(parameter, out var value) && value.ToString() is { Length: > 0 } text ? text : null;
    }

    /// <summary>Whether an image may have a name.</summary>
    public static bool IsName(string name) => name.Length <= MostName && ImageName().IsMatch(name);

    // Each ?arg=NAME=value, and Docker's ?buildargs={"NAME":"value"}.
    private static Dictionary<string, string> ReadArgs(IQueryCollection query, List<string> mistakes)
    {
        var args = new Dictionary<string, string>(StringComparer.Ordinal);
        try
        {
            if (query["buildargs"].ToString() is { Length: > 0 } json)
            {
                args = JsonSerializer.Deserialize<Dictionary<string, string?>>(json)?.Where(pair => pair.Value is not null).ToDictionary(pair => pair.Key, pair => pair.Value!, StringComparer.Ordinal) ?? args;
            }
        }
        catch (JsonException)
        {
            mistakes.Add("buildargs: an object of texts in JSON");
        }

        foreach (var arg in query["arg"])
        {
            var (name, value) = (arg ?? "").Split('=', 2) is [var left, var right] ? (left, right) : ("", "");
            args[name] = value;
        }

        if (args.Count > BuildRules.MaxArgs || args.Any(arg => !BuildRules.IsArg(arg.Key, arg.Value)))
        {
            mistakes.Add($"arg: NAME=value, at most {BuildRules.MaxArgs} of {BuildRules.MaxValueLength} characters");
        }

        return args;
    }

    // https://github.com/distribution/reference, without a registry
    [GeneratedRegex(@"\A[a-z0-9]+(?:(?:[._/]|__|-+)[a-z0-9]+)*(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?\z", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex ImageName();
}
