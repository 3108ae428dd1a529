namespace Sandbox.Web.Builds;

/// <summary>The names that an image of a Dockerfile may have on this server.</summary>
/// <param name="Exact">Without Docker Hub's own registry and owner, and without the tag <c>latest</c>: <c>debian</c>, <c>debian:12</c>.</param>
/// <param name="AnyTag">The name alone, where a relative of the same name may serve; null when there is no tag, or another registry.</param>
internal sealed record BaseName(string Exact, string? AnyTag)
{
    private static readonly string[] Prefixes = ["docker.io/", "index.docker.io/", "localhost/", "library/"];

    /// <summary>Reads a reference: <c>docker.io/library/debian:latest</c> is <c>debian</c>.</summary>
    public static BaseName Of(string reference)
    {
        var rest = reference;
        foreach (var prefix in Prefixes)
        {
            rest = rest.StartsWith(prefix, StringComparison.Ordinal) ? rest[prefix.Length..] : rest;
        }

        // A digest decides by itself, and the name before it says nothing.
        if (rest.IndexOf('@', StringComparison.Ordinal) is >= 0 and var at)
        {
            return new BaseName(rest[(at + 1)..], rest.Contains('/', StringComparison.Ordinal) ? null : rest[..at].Split(':')[0]);
        }

        var exact = Catalog.PersonImages.Plain(rest);
        return new BaseName(exact, exact.Contains(':', StringComparison.Ordinal) && !exact.Contains('/', StringComparison.Ordinal) ? exact.Split(':')[0] : null);
    }
}
