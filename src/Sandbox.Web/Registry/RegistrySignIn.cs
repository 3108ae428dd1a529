using System.Text;
using Sandbox.Core.People;
using Sandbox.Web.Http;
using Sandbox.Web.People;

namespace Sandbox.Web.Registry;

/// <summary>
/// The token service that the registry's challenges name: exchanges a password for a token, asked by GET with Basic
/// authorization or by POST as OAuth 2. https://distribution.github.io/distribution/spec/auth/token/
/// </summary>
internal sealed class RegistrySignIn(RegistryPasses passes, BearerTokens tokens, Guests guests, Suspensions suspensions, AddressRates rates)
{
    public const string Path = "/v2/token";

    private const string Refusal = "Sign in with docker login: the page My images shows the password.";

    public async Task AnswerAsync(HttpContext context)
    {
        var isForm = HttpMethods.IsPost(context.Request.Method) && context.Request.HasFormContentType;
        var form = isForm ? await context.Request.ReadFormAsync(context.RequestAborted) : null;
        if (!(isForm || HttpMethods.IsGet(context.Request.Method)))
        {
            await RegistryFault.WriteAsync(context, 405, "UNSUPPORTED", "Ask for a token by GET or POST.");
            return;
        }

        if (!await rates.AllowsPasswordAsync(context))
        {
            return;
        }

        // Docker asks without one first.
        var password = form is null ? BasicPassword(context.Request) : form["password"].ToString();
        IEnumerable<string?> named = form is null ? context.Request.Query["scope"] : form["scope"];
        var scopes = named.SelectMany(scope => (scope ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries)).ToList();
        if (string.IsNullOrEmpty(password) && scopes.Count > 0 && scopes.TrueForAll(scope => scope.StartsWith("repository:" + RegistryRequest.Shared, StringComparison.Ordinal)))
        {
            await WriteAsync(context, passes.NewTokenOfNobody());
            return;
        }

        if (await FindAsync(password) is not (var person, var with))
        {
            if (!string.IsNullOrEmpty(password))
            {
                rates.CountWrongPassword(context, "the registry");
            }

            await RegistryFault.WriteAsync(context, 401, "UNAUTHORIZED", Refusal);
            return;
        }

        if (suspensions.RefusalOf(person) is { } refusal)
        {
            await RegistryFault.WriteAsync(context, 403, "DENIED", refusal);
            return;
        }

        var token = passes.NewToken(person, with, scopes);
        if (await passes.ReadTokenAsync(token) is null)
        {
            await RegistryFault.WriteAsync(context, 401, "UNAUTHORIZED", Refusal); // it was revoked meanwhile
            return;
        }

        guests.SawAgain(person);
        await WriteAsync(context, token);
    }

    private static Task WriteAsync(HttpContext context, string token)
    {
        context.Response.Headers.CacheControl = "no-store";
        return context.Response.WriteAsJsonAsync(
            new Dictionary<string, object>(StringComparer.Ordinal)
            {
                ["token"] = token,
                ["access_token"] = token,
                ["expires_in"] = (int)RegistryPasses.TokenLife.TotalSeconds,
            },
            context.RequestAborted);
    }

    /// <summary>A password of the registry, or a person's own API token: whose it is, and what its tokens end with.</summary>
    private async Task<(PersonId Person, string With)?> FindAsync(string? password)
    {
        if (password is null)
        {
            return null;
        }

        var found = passes.ReadPassword(password) ?? (await tokens.FindAsync(password) is { } holder ? (holder.Person, BearerTokens.Hash(password)) : null);
        return found is { } known && await guests.IsKnownAsync(known.Item1) ? known : null;
    }

    // https://www.rfc-editor.org/rfc/rfc7617: the user's name does not matter.
    private static string? BasicPassword(HttpRequest request)
    {
        const string scheme = "Basic ";
        var header = request.Headers.Authorization.ToString();
        if (!header.StartsWith(scheme, StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        var buffer = new byte[header.Length];
        return Convert.TryFromBase64String(header[scheme.Length..].Trim(), buffer, out var length)
            && Encoding.UTF8.GetString(buffer, 0, length).Split(':', 2) is [_, var password]
            ? password
            : null;
    }
}
