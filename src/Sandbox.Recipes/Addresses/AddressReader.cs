using Sandbox.Core.Recipes;

namespace Sandbox.Recipes.Addresses;

/// <summary>Reads one target of <see cref="RepositoryAddress.TryParse"/>. A <see cref="FormatException"/> holds the mistake.</summary>
internal sealed class AddressReader
{
    private const int MostLength = 4096;

    private readonly string path;
    private readonly ILookup<string, string> query;
    private readonly IReadOnlyCollection<string> extraHosts;

    public AddressReader(string target, IReadOnlyCollection<string> extraHosts)
    {
        if (target.Length > MostLength)
        {
            throw new FormatException($"the address has more than {MostLength} characters");
        }

        var parts = target.Split('?', 2);
        path = parts[0];
        query = QueryText.Read(parts.Length == 1 ? "" : parts[1]).ToLookup(pair => pair.Key, pair => pair.Value, StringComparer.Ordinal);
        this.extraHosts = extraHosts;
    }

    /// <summary>An address whose parts came one by one, none of them escaped.</summary>
    public static RepositoryAddress Read(string url, string? @ref, string? folder, IReadOnlyCollection<string> extraHosts)
    {
        if (url.Length > MostLength)
        {
            throw new FormatException($"the address has more than {MostLength} characters");
        }

        return new RepositoryAddress(Checked(url.TrimEnd('/'), extraHosts), @ref is null ? null : CheckedRef(@ref), folder is null ? null : Folder(folder));
    }

    public RepositoryAddress Read()
    {
        var segments = path.Trim('/').Split('/');
        return (segments[0], segments.Length > 1 ? segments[1] : "") switch
        {
            ("git", _) => ReadGit(segments[1..]),
            ("k", _) => ReadTutorial(segments[1..]),
            ("v2", "gh") => ReadBinder("github.com", segments[2..], 2, "/v2/gh/{owner}/{repository}/{ref}"),
            ("v2", "gl") => ReadBinder("gitlab.com", segments[2..], 1, "/v2/gl/{namespace}/{ref}"),
            ("v2", "gist") => ReadBinder("gist.github.com", segments[2..], 2, "/v2/gist/{owner}/{id}/{ref}"),
            ("v2", "git") => ReadBinderUrl(segments[2..]),
            ("v2", var provider) => throw new FormatException($"there is no provider {Shown(provider)}; there are gh, gl, gist and git"),
            ("", "") when query["stack"].FirstOrDefault() is { } stack => StackAddress.Read(stack, url => Checked(url)),
            _ => throw new FormatException("the address names no repository"),
        };
    }

    private RepositoryAddress ReadGit(string[] segments)
    {
        if (segments.Length < 2)
        {
            throw new FormatException("the form is /git/{host}/{owner}/{repository}[@{ref}]");
        }

        // A ref may have slashes, and neither an owner nor a repository has an @.
        var rest = string.Join('/', segments[1..]);
        var at = rest.IndexOf('@', StringComparison.Ordinal);
        var repository = (at < 0 ? rest : rest[..at]).Split('/').Select(Segment);
        return new RepositoryAddress(
            Checked($"https://{Host(segments[0])}/{string.Join('/', repository)}"),
            at < 0 ? null : Ref(rest[(at + 1)..]),
            query["path"].FirstOrDefault() is { } folder ? Folder(folder) : null);
    }

    /// <summary>A tutorial stands below a repository: its path has any depth, so owner and repository are one segment each, and a ref there has no slash.</summary>
    private RepositoryAddress ReadTutorial(string[] segments)
    {
        if (segments.Length < 3)
        {
            throw new FormatException("the form is /k/{host}/{owner}/{repository}[@{ref}]/{path}");
        }

        var repository = segments[2].Split('@', 2);
        return new RepositoryAddress(
            Checked($"https://{Host(segments[0])}/{Segment(segments[1])}/{Segment(repository[0])}"),
            query["ref"].FirstOrDefault() is { } named ? CheckedRef(named) : repository.Length == 2 ? Ref(repository[1]) : null,
            Folder(string.Join('/', segments[3..].Select(Unescaped))));
    }

    private RepositoryAddress ReadBinder(string host, string[] segments, int names, string form)
    {
        if (segments.Length < names)
        {
            throw new FormatException($"the form is {form}");
        }

        // GitLab's namespace is one escaped segment: group%2Fproject.
        var repository = segments[..names].SelectMany(segment => Unescaped(segment).Split('/')).Select(name => Segment(Uri.EscapeDataString(name)));
        return new RepositoryAddress(Checked($"https://{host}/{string.Join('/', repository)}"), BinderRef(segments[names..]), BinderFolder());
    }

    private RepositoryAddress ReadBinderUrl(string[] segments) =>
        segments.Length > 0 && segments[0].Length > 0
            ? new RepositoryAddress(Checked(Unescaped(segments[0])), BinderRef(segments[1..]), BinderFolder())
            : throw new FormatException("the form is /v2/git/{escaped URL}/{ref}");

    private static string? BinderRef(string[] segments) => string.Join('/', segments).TrimEnd('/') is { Length: > 0 } name and not "HEAD" ? Ref(name) : null;

    /// <summary>Binder opens a file in an application; here its folder is where the visitor starts.</summary>
    private string? BinderFolder()
    {
        if ((query["labpath"].FirstOrDefault() ?? query["filepath"].FirstOrDefault() ?? query["urlpath"].FirstOrDefault()) is not { } opened)
        {
            return null;
        }

        var file = opened.Split('?', '#')[0].TrimStart('/');
        foreach (var view in new[] { "lab/tree/", "doc/tree/", "tree/", "notebooks/", "lab/" })
        {
            if (file.StartsWith(view, StringComparison.Ordinal))
            {
                file = file[view.Length..];
                break;
            }
        }

        return Folder(file[(file.LastIndexOf('/') + 1)..].Contains('.', StringComparison.Ordinal) ? file[..Math.Max(0, file.LastIndexOf('/'))] : file);
    }

    private string Checked(string url) => Checked(url, extraHosts);

    private static string Checked(string url, IReadOnlyCollection<string> extraHosts)
    {
        if (!RepositoryRules.IsUrl(url))
        {
            throw new FormatException("the repository must be an https URL without user and password");
        }

        var uri = new Uri(url);
        if (!extraHosts.Contains(uri.Authority, StringComparer.OrdinalIgnoreCase))
        {
            if (!uri.IsDefaultPort)
            {
                throw new FormatException("the repository's host has no port");
            }

            if (!HostRules.IsPublicName(uri.Host))
            {
                throw new FormatException($"{Shown(uri.Host)} is not the public name of a host");
            }
        }

        return url;
    }

    private static string Host(string escaped)
    {
        var host = Unescaped(escaped);
        return host.Length > 0 && host.All(letter => char.IsLetterOrDigit(letter) || letter is '.' or '-' or ':' or '[' or ']')
            ? host
            : throw new FormatException($"{Shown(host)} is not the public name of a host");
    }

    private static string Ref(string escaped) => CheckedRef(Unescaped(escaped));

    private static string CheckedRef(string name) =>
        RepositoryRules.IsRef(name) ? name : throw new FormatException($"{Shown(name)} is not a branch, a tag or a commit");

    /// <summary>A segment as it stands in a URL: escaped, and nothing that changes the path.</summary>
    private static string Segment(string escaped)
    {
        var name = Unescaped(escaped);
        return name is "" or "." or ".." || name.Any(letter => char.IsControl(letter) || char.IsWhiteSpace(letter) || letter is '/' or '\\' or '@' or ':' or '?' or '#' or '%')
            ? throw new FormatException($"{Shown(name)} is not the name of an owner or a repository")
            : Uri.EscapeDataString(name);
    }

    internal static string? Folder(string folder)
    {
        var parts = folder.Split('/', StringSplitOptions.RemoveEmptyEntries).Where(part => part != ".").ToList();
        if (folder.Length > 1024 || parts.Exists(part => part == ".." || part.Length > 255 || part.Any(char.IsControl)))
        {
            throw new FormatException("the path must be a folder of the repository, without ..");
        }

        return parts.Count == 0 ? null : string.Join('/', parts);
    }

    private static string Unescaped(string text) => Uri.UnescapeDataString(text);

    /// <summary>Quoted text of an address: short and on one line.</summary>
    private static string Shown(string text) => $"'{string.Concat(text.Take(60).Select(letter => char.IsControl(letter) || char.IsSurrogate(letter) ? '?' : letter))}{(text.Length > 60 ? "…" : "")}'";
}
