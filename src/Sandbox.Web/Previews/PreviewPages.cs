using System.Globalization;
using System.Net;
using Sandbox.Web.Http;

namespace Sandbox.Web.Previews;

/// <summary>Our own words on the origin of a port, when the program there cannot say any.</summary>
internal static class PreviewPages
{
    private const string Style = ":root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;margin:15vh auto;max-width:34rem;padding:0 1.5rem;color:#1d2733;background:#f6f8fa}"
        + "h1{font-size:1.5rem}a{color:light-dark(#0b57a4,#8ab8f0)}code{background:#0001;padding:.1em .3em;border-radius:4px}@media(prefers-color-scheme:dark){body{color:#dde4ec;background:#12171d}code{background:#fff2}}";

    public static Task WriteClosedAsync(HttpContext context, int port) => WriteAsync(
        context, 502, "port_closed", $"Nothing listens on port {port.ToString(CultureInfo.InvariantCulture)} yet",
        "Start your server in the playground. This page looks again every two seconds.", refresh: true);

    public static Task WritePrivateAsync(HttpContext context) => FramedPages.IsPage(context.Request)
        ? WriteAsync(
            context, 403, "forbidden", "This preview is private",
            "Reload it with the button above. If this page stays, your browser keeps no cookies for pages inside others: open the port in a tab of its own.", tab: true)
        : WriteAsync(
            context, 403, "forbidden", "This preview is private", "Open it from its playground, or ask its owner for a link. A link may also have expired.");

    /// <summary>X-Frame-Options or frame-ancestors of the program's own answer.</summary>
    public static Task WriteUnframedAsync(HttpContext context) => WriteAsync(
        context, 403, "frame_refused", "This page refuses to be shown inside another",
        "The program says so with X-Frame-Options, or with frame-ancestors in its Content-Security-Policy. Open it in a tab of its own.", tab: true);

    public static Task WriteEndedAsync(HttpContext context) => WriteAsync(
        context, 404, "not_found", "This playground has ended", "Its programs and their ports ended with it.");

    public static Task WritePausedAsync(HttpContext context) => WriteAsync(
        context, 409, "conflict", "This sandbox does not run right now", "It is paused or stopped. Resume it in its playground.", refresh: true);

    /// <summary>Docker opens a port before the container's program does, and closes connections until then.</summary>
    public static Task WriteBrokenAsync(HttpContext context) => WriteAsync(
        context, 502, "port_failed", "The program did not answer",
        "It closed the connection without an answer. It may still be starting, its terminal may show an error, or it is no web server. This page looks again every two seconds.", refresh: true);

    /// <summary>A database, a mail server, TLS.</summary>
    public static Task WriteNotHttpAsync(HttpContext context, int port) => WriteAsync(
        context, 502, "port_not_http", $"Port {port.ToString(CultureInfo.InvariantCulture)} does not speak HTTP",
        "The program answered with something else: it is a database, another service, or expects TLS. Its own clients reach it from your computer: choose “Use from your computer” in the playground’s menu.");

    /// <summary>Whether a client of gRPC asks. gRPC-Web is plain HTTP. https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md</summary>
    public static bool IsGrpc(HttpRequest request) =>
        HttpProtocol.IsHttp2(request.Protocol) && request.ContentType is { } type
        && (type.Equals("application/grpc", StringComparison.OrdinalIgnoreCase)
            || type.StartsWith("application/grpc+", StringComparison.OrdinalIgnoreCase) || type.StartsWith("application/grpc;", StringComparison.OrdinalIgnoreCase));

    /// <param name="tab">Whether to add a link that opens the port in a tab.</param>
    private static async Task WriteAsync(HttpContext context, int status, string code, string title, string text, bool refresh = false, bool tab = false)
    {
        context.Response.Headers.CacheControl = "no-store";
        if (IsGrpc(context.Request))
        {
            // An answer of trailers only.
            context.Response.ContentType = "application/grpc";
            context.Response.Headers["grpc-status"] = GrpcStatus(status);
            context.Response.Headers["grpc-message"] = Uri.EscapeDataString($"{title}. {text}");
            return;
        }

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
            + $"<title>{WebUtility.HtmlEncode(title)}</title><style>{Style}</style></head><body><main><h1>{WebUtility.HtmlEncode(title)}</h1><p>{WebUtility.HtmlEncode(text)}</p>{(tab ? TabLink(context) : "")}</main></body></html>",
            context.RequestAborted);
    }

    /// <summary>The way through our own page, which makes a new pass.</summary>
    private static string TabLink(HttpContext context)
    {
        var services = context.RequestServices;
        if (services.GetRequiredService<PreviewDomain>().Of(context.Request.Host) is not { } port)
        {
            return "";
        }

        // A pass that is used up is not what the visitor asked for.
        var path = Uri.EscapeDataString(context.Request.Path == PreviewProxy.OpenPath ? context.Request.Query["path"].ToString() : context.Request.Path.Value + context.Request.QueryString);
        var address = string.Create(CultureInfo.InvariantCulture, $"{services.GetRequiredService<Origins>().PublicUrl}/sandboxes/{port.Sandbox}/ports/{port.Port}?path={path}");
        return $"<p><a href=\"{WebUtility.HtmlEncode(address)}\" target=\"_blank\" rel=\"noopener\">Open it in a tab</a></p>";
    }

    /// <summary>PERMISSION_DENIED, NOT_FOUND, FAILED_PRECONDITION, UNAVAILABLE. https://github.com/grpc/grpc/blob/master/doc/statuscodes.md</summary>
    private static string GrpcStatus(int status) => status switch { 403 => "7", 404 => "5", 409 => "9", _ => "14" };
}
