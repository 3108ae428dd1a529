namespace Sandbox.Web.Http;

/// <summary>The bearer token of a request: in Authorization, at a hub also as <c>access_token</c>, since a browser's socket carries no headers.</summary>
internal static class RequestToken
{
    private const string Bearer = "Bearer ";

    /// <summary>The token of a request, valid or not; null when it has none. With one, no cookie counts.</summary>
    public static string? Of(HttpRequest request)
    {
        var header = request.Headers.Authorization.ToString();
        if (header.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase))
        {
            return header[Bearer.Length..].Trim();
        }

        return IsHub(request) && request.Query["access_token"].ToString() is { Length: > 0 } query ? query : null;
    }

    /// <summary>Whether a request is for a hub, where the token may also be in the query.</summary>
    public static bool IsHub(HttpRequest request) => request.Path.StartsWithSegments("/hubs", StringComparison.OrdinalIgnoreCase);
}
