namespace Sandbox.Web.Http;

/// <summary>Writes the headers that restrict what a browser does with an answer, by its <see cref="PagePolicy"/>.</summary>
internal static class AnswerHeaders
{
    /// <summary>The prefixes of cookies that we set.</summary>
    private static readonly string[] OwnCookies = ["sandbox_", ".AspNetCore."];

    /// <summary>Adds the step. Called first, and again where the pipeline runs a second time for another endpoint, as for the page of a status.</summary>
    public static void UseAnswerHeaders(this IApplicationBuilder app) => app.Use((context, next) =>
    {
        var policy = PagePolicy.Of(context);
        if (context.Features.Get<Applied>() is { } applied)
        {
            applied.Policy = policy;
        }
        else
        {
            context.Features.Set(new Applied { Policy = policy });
            context.Response.OnStarting(FinishAsync, context);
        }

        Write(context, policy);
        return next(context);
    });

    /// <summary>Replaces the policy of the endpoint, for an answer whose policy depends on what it shows. Nothing may have been sent yet.</summary>
    public static void UsePolicy(this HttpContext context, PagePolicy policy)
    {
        context.Features.Get<Applied>()!.Policy = policy;
        Write(context, policy);
    }

    private static void Write(HttpContext context, PagePolicy policy)
    {
        var headers = context.Response.Headers;
        headers.ContentSecurityPolicy = policy.ContentSecurityPolicy;
        headers.XContentTypeOptions = "nosniff";
        headers["Referrer-Policy"] = "same-origin";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        headers["Cross-Origin-Resource-Policy"] = policy.ResourcePolicy;
        if (policy.Readers is not null)
        {
            headers.AccessControlAllowOrigin = policy.Readers;
        }

        if (context.Request.Path.StartsWithSegments("/api", StringComparison.OrdinalIgnoreCase))
        {
            headers.CacheControl = "no-store";
        }
    }

    /// <summary>Removes our cookies from pages that must not set them.</summary>
    private static Task FinishAsync(object state)
    {
        var context = (HttpContext)state;
        var policy = context.Features.Get<Applied>()!.Policy;
        var headers = context.Response.Headers;
        if (!policy.IssuesCookies && headers.SetCookie.Count > 0)
        {
            headers.SetCookie = Array.FindAll(headers.SetCookie.ToArray(), cookie => !Array.Exists(OwnCookies, prefix => cookie!.StartsWith(prefix, StringComparison.Ordinal)));
        }

        return Task.CompletedTask;
    }

    private sealed class Applied
    {
        public required PagePolicy Policy { get; set; }
    }
}
