using System.Diagnostics.CodeAnalysis;
using Sandbox.Core.Recipes;

namespace Sandbox.Recipes.Addresses;

/// <summary>A repository that an address of this site names.</summary>
/// <param name="Url">An https URL, see <see cref="RepositoryRules.IsUrl"/>.</param>
/// <param name="Ref">A branch, a tag or a commit; null is the remote's HEAD.</param>
/// <param name="Folder">The folder in which the visitor starts, relative with slashes; null is the root.</param>
/// <param name="Stack">The compose file of a Play with Docker link, relative to the root; null otherwise.</param>
public sealed record RepositoryAddress(string Url, string? Ref = null, string? Folder = null, string? Stack = null)
{
    /// <summary>The last part of the URL without <c>.git</c>: the name of the work tree.</summary>
    public string Name
    {
        get
        {
            var last = Uri.UnescapeDataString(new Uri(Url).AbsolutePath.TrimEnd('/').Split('/')[^1]);
            var name = last.EndsWith(".git", StringComparison.Ordinal) && last.Length > 4 ? last[..^4] : last;
            return name is "." or ".." || name.Contains('/', StringComparison.Ordinal) ? "repository" : name;
        }
    }

    /// <summary>Reads the target of a request:
    /// <code>
    /// /git/{host}/{owner}/{repo}[@{ref}][?path={folder}]
    /// /v2/gh/{owner}/{repo}/{ref}    /v2/gl/{escaped namespace}/{ref}    /v2/gist/{owner}/{id}[/{ref}]    /v2/git/{escaped URL}/{ref}
    /// /?stack={URL of a compose file}
    /// /k/{host}/{owner}/{repo}[@{ref}][/{folder}][?ref={ref}]
    /// </code>
    /// Binder's: https://mybinder.readthedocs.io/en/latest/howto/external_binderhub.html
    /// </summary>
    /// <param name="target">Path and query as they were sent: Binder escapes slashes.</param>
    /// <param name="extraHosts">Hosts, each with its port (<c>127.0.0.1:8443</c>), that are accepted although they are an IP address or have a port.</param>
    /// <param name="address">The repository.</param>
    /// <param name="mistake">The reason when there is none.</param>
    public static bool TryParse(string target, IReadOnlyCollection<string> extraHosts, [NotNullWhen(true)] out RepositoryAddress? address, [NotNullWhen(false)] out string? mistake) =>
        TryRead(() => new AddressReader(target, extraHosts).Read(), out address, out mistake);

    /// <summary>Checks a repository whose parts were sent one by one; see <see cref="TryParse"/>.</summary>
    /// <param name="url">An https URL.</param>
    /// <param name="ref">A branch, a tag or a commit; null is the remote's HEAD.</param>
    /// <param name="folder">The folder in which the visitor starts.</param>
    /// <param name="extraHosts">As for <see cref="TryParse"/>.</param>
    /// <param name="address">The repository.</param>
    /// <param name="mistake">The reason when there is none.</param>
    public static bool TryCreate(string url, string? @ref, string? folder, IReadOnlyCollection<string> extraHosts, [NotNullWhen(true)] out RepositoryAddress? address, [NotNullWhen(false)] out string? mistake) =>
        TryRead(() => AddressReader.Read(url, @ref, folder, extraHosts), out address, out mistake);

    private static bool TryRead(Func<RepositoryAddress> read, [NotNullWhen(true)] out RepositoryAddress? address, [NotNullWhen(false)] out string? mistake)
    {
        try
        {
            address = read();
            mistake = null;
            return true;
        }
        catch (FormatException e)
        {
            address = null;
            mistake = e.Message;
            return false;
        }
    }
}
