using System.Text.RegularExpressions;

namespace Sandbox.Web.Registry;

/// <summary>The kinds of addresses that the distribution API has below a repository.</summary>
internal enum RegistryTarget
{
    Manifest,
    Blob,
    Upload,
    Tags,
}

/// <summary>
/// The address of a request: <c>/v2/me/app/manifests/1</c>. Everybody's own images are below <c>me</c>, so no address names
/// another person. https://github.com/opencontainers/distribution-spec/blob/main/spec.md#endpoints
/// </summary>
/// <param name="Repository">With the namespace: <c>me/app</c>.</param>
/// <param name="Target">What is asked for.</param>
/// <param name="Reference">A tag or a digest; of an upload its id, or nothing.</param>
internal sealed partial record RegistryRequest(string Repository, RegistryTarget Target, string Reference)
{
    /// <summary>The namespace of the caller.</summary>
    public const string Own = "me/";

    /// <summary>The namespace of what its owners share, each with its code: <c>shared/CODE/app</c>.</summary>
    public const string Shared = "shared/";

    /// <summary>The longest name of an image, so that the person's id and the tag fit beside it.</summary>
    private const int MostName = 128;

    public bool IsShared => Repository.StartsWith(Shared, StringComparison.Ordinal);

    /// <summary>The code, and the image's name behind it.</summary>
    public (string Code, string Name) SharedParts => Repository.Split('/', 3) is [_, var code, var name] ? (code, name) : (Repository, "");

    public bool IsOwn => Repository.StartsWith(Own, StringComparison.Ordinal);

    /// <summary>The name without the namespace.</summary>
    public string Name => Repository[Own.Length..];

    /// <summary>Null if the path is none of the API.</summary>
    public static RegistryRequest? Read(string path)
    {
        var match = Form().Match(path);
        if (!match.Success || match.Groups["name"].Length > MostName + (path.StartsWith("/v2/" + Shared, StringComparison.Ordinal) ? SharedImages.PrefixLength : 0))
        {
            return null;
        }

        var target = match.Groups["kind"].Value switch
        {
            "manifests" => RegistryTarget.Manifest,
            "blobs" => RegistryTarget.Blob,
            "blobs/uploads" => RegistryTarget.Upload,
            _ => RegistryTarget.Tags,
        };
        return new RegistryRequest(match.Groups["name"].Value, target, match.Groups["reference"].Value);
    }

    [GeneratedRegex(
        @"\A/v2/(?<name>[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*)/(?:(?<kind>manifests)/(?<reference>sha256:[0-9a-f]{64}|[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})|(?<kind>blobs)/(?<reference>sha256:[0-9a-f]{64})|(?<kind>blobs/uploads)/(?<reference>[0-9a-f-]{0,36})|(?<kind>tags)/list)\z",
        RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Form();
}
