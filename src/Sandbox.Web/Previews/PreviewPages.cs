using System.Globalization;
using System.Net;
using Sandbox.Web.Http;

namespace Sandbox.Web.Previews;

/// <summary>Our own words on the origin of a port, when the program there cannot say any.</summary>
internal static class PreviewPages
{
    private const string Style = "body{font:16px/1.5 system-ui,sans-serif;margin:15vh auto;max-width:34rem;padding:0 1.5rem;color:#1d2733;background:#f6f8fa}"
        + "h1{font-size:1.5rem}code{background:#0001;padding:.1em .3em;border-radius:4px}@media(prefers-color-scheme:dark){body{color:#dde4ec;background:#12171d}code{background:#fff2}}";

    public static Task WriteClosedAsync(HttpContext context, int port) => WriteAsync(
        context, 502, "port_closed", $"Nothing listens on port {port.ToString(CultureInfo.InvariantCulture)} yet",
        "Start your server in the playground. This page looks again every two seconds.", refresh: true);

    public static Task WritePrivateAsync(HttpContext context) => WriteAsync(
        context, 403, "forbidden", "This preview is private", "Open it from its playground, or ask its owner for a link. A link may also have expired.");

    public static Task WriteEndedAsync(HttpContext context) => WriteAsync(
        context, 404, "not_found", "This playground has ended", "Its programs and their ports ended with it.");

    public static Task WritePausedAsync(HttpContext context) => WriteAsync(
        context, 409, "conflict", "This sandbox does not run right now", "It is paused or stopped. Resume it in its playground.", refresh: true);

    /// <summary>Docker opens a port before the container's program does, and closes connections until then.</summary>
    public static Task WriteBrokenAsync(HttpContext context) => WriteAsync(
        context, 502, "port_failed", "The program did not answer",
        "It closed the connection, or its answer is not HTTP. It may still be starting, or its terminal shows an error. This page looks again every two seconds.", refresh: true);

    private static async Task WriteAsync(HttpContext context, int status, string code, string title, string text, bool refresh = false)
    {
        context.Response.Headers.CacheControl = "no-store";
        if (!context.Request.Headers.Accept.ToString().Contains("text/html", StringComparison.OrdinalIgnoreCase))
        {
            await context.WriteProblemAsync(status, code, $"{title}. {text}");
            return;
        }

        context.Response.StatusCode = status;
        context.Response.ContentType = "text/html; charset=utf-8";
        context.Response.Headers.ContentSecurityPolicy = "default-src 'none'; style-src 'unsafe-inline'";
        await context.Response.WriteAsync(
            "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">"
            + (refresh && HttpMethods.IsGet(context.Request.Method) ? "<meta http-equiv=\"refresh\" content=\"2\">" : "")
            + $"<title>{WebUtility.HtmlEncode(title)}</title><style>{Style}</style></head><body><main><h1>{WebUtility.HtmlEncode(title)}</h1><p>{WebUtility.HtmlEncode(text)}</p></main></body></html>",
            context.RequestAborted);
    }
}
