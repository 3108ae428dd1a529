using System.Text.Json;
using System.Text.RegularExpressions;
using Sandbox.Core.Errors;
using Sandbox.Core.Ids;
using Sandbox.Web.Catalog;

namespace Sandbox.Web.Builds;

/// <summary>What to build of a context. The names in a request are those of Docker's Engine API, where it has them.</summary>
/// <param name="Name">The image's name in its owner's list.</param>
/// <param name="Dockerfile">Its path in the context; null is <c>Dockerfile</c>, else <c>Containerfile</c>.</param>
/// <param name="Target">The stage to build; null is the last one.</param>
/// <param name="Args">Values of ARGs.</param>
internal sealed partial record BuildOrder(string Name, string? Dockerfile, string? Target, IReadOnlyDictionary<string, string> Args)
{
    private const int MostName = 128;
    private const int MostArgs = 100;
    private const int MostValue = 4096;
    private const int MostPath = 1024;

    /// <summary>Reads the query of a request. Code: Invalid, naming every mistake.</summary>
    public static BuildOrder Read(IQueryCollection query)
    {
        var mistakes = new List<string>();
        var name = Of("name") ?? Of("t") ?? $"image-{IdText.Random()[..6]}";
        if (!IsName(name))
        {
            mistakes.Add($"name: 1 to {MostName} lower-case letters, digits, dots, dashes and slashes, with an optional :tag");
        }

        var file = Of("dockerfile");
        if (file is not null && !IsInside(file))
        {
            mistakes.Add("dockerfile: a path in the context");
        }

        var target = Of("target");
        if (target is not null && !StageName().IsMatch(target))
        {
            mistakes.Add("target: the name or the number of a stage");
        }

        var args = ReadArgs(query, mistakes);
        return mistakes.Count == 0 ? new BuildOrder(PersonImages.Plain(name), file, target, args) : throw new SandboxException(ErrorCode.Invalid, string.Join("; ", mistakes));

        string? Of(string parameter) => query.TryGetValue(parameter, out var value) && value.ToString() is { Length: > 0 } text ? text : null;
    }

    /// <summary>Whether an image may have a name.</summary>
    public static bool IsName(string name) => name.Length <= MostName && ImageName().IsMatch(name);

    /// <summary>Whether a path stays in the context.</summary>
    public static bool IsInside(string path) =>
        path.Length <= MostPath && !path.StartsWith('/') && !path.Any(char.IsControl) && !path.Split('/').Contains("..", StringComparer.Ordinal);

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

        if (args.Count > MostArgs || args.Any(arg => !ArgName().IsMatch(arg.Key) || arg.Value.Length > MostValue || arg.Value.Contains('\0', StringComparison.Ordinal)))
        {
            mistakes.Add($"arg: NAME=value, at most {MostArgs} of {MostValue} characters");
        }

        return args;
    }

    // https://github.com/distribution/reference, without a registry
    [GeneratedRegex(@"\A[a-z0-9]+(?:(?:[._/]|__|-+)[a-z0-9]+)*(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?\z", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex ImageName();

    [GeneratedRegex(@"\A[A-Za-z0-9][A-Za-z0-9_.-]{0,127}\z", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex StageName();

    [GeneratedRegex(@"\A[A-Za-z_][A-Za-z0-9_]{0,127}\z", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex ArgName();
}
