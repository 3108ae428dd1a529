namespace Sandbox.Web.People;

/// <summary>A page of one message, which needs neither a circuit nor a script.</summary>
internal static class PlainPage
{
    /// <param name="title">Of the browser's tab.</param>
    /// <param name="body">HTML.</param>
    /// <param name="status">Of the answer.</param>
    public static IResult Of(string title, string body, int status = 200) => Results.Content(
        $$"""
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <meta name="robots" content="noindex">
        <title>{{title}} · Sandbox</title>
        <link rel="icon" href="/images/favicon.svg" type="image/svg+xml">
        <link rel="stylesheet" href="/dist/site.css">
        </head>
        <body>
        <header class="site-header"><div class="wrap">
        <a class="brand" href="/"><svg class="icon" aria-hidden="true"><use href="/images/icons.svg#brand"></use></svg><span>sandbox</span></a>
        </div></header>
        <main id="main"><div class="wrap page"><div class="empty">
        {{body}}
        </div></div></main>
        </body>
        </html>
        """,
        "text/html; charset=utf-8",
        statusCode: status);
}
