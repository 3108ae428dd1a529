using System.Globalization;

namespace Sandbox.Web.Pictures;

/// <summary>A badge for the README of a project: "open in Sandbox | title", "tutorial | last passed 3 h ago".</summary>
internal static class Badge
{
    private const string Label = "open in Sandbox";
    private const string Brown = "#9c3f12";
    private const string Green = "#2c6e3f";
    private const string Red = "#a3262a";
    private const string Gray = "#5d5648";
    private const int MaxTitle = 40;

    /// <summary>The badge of a link as SVG.</summary>
    public static string Draw(string title) => Draw(Label, title, Brown);

    /// <summary>The badge of a tutorial as SVG: whether its own test passes, and since when.</summary>
    /// <param name="testedAt">When the test ran last; null when it never did.</param>
    /// <param name="passedAt">When it passed last.</param>
    /// <param name="hasFailed">Whether the last test failed.</param>
    /// <param name="now">The time.</param>
    public static string Draw(DateTimeOffset? testedAt, DateTimeOffset? passedAt, bool hasFailed, DateTimeOffset now) => (testedAt, passedAt) switch
    {
        (null, _) => Draw("tutorial", "not tested yet", Gray),
        ({ } tested, _) when hasFailed => Draw("tutorial", $"failed {Ago(now - tested)}", Red),
        (_, { } passed) => Draw("tutorial", $"last passed {Ago(now - passed)}", Green),
        _ => Draw("tutorial", "not tested yet", Gray),
    };

    /// <summary>A time as people say it: 3 h ago.</summary>
    internal static string Ago(TimeSpan since) => since switch
    {
        { TotalMinutes: < 1 } => "just now",
        { TotalHours: < 1 } => string.Create(CultureInfo.InvariantCulture, $"{(int)since.TotalMinutes} min ago"),
        { TotalDays: < 2 } => string.Create(CultureInfo.InvariantCulture, $"{(int)since.TotalHours} h ago"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{(int)since.TotalDays} days ago"),
    };

    private static string Draw(string label, string title, string color)
    {
        var shown = PictureText.Short(title, MaxTitle);
        var escaped = PictureText.Escaped(title, MaxTitle);
        var (left, right) = (Width(label) + 28, Width(shown) + 14);

        // Browsers fit each text into its width, whatever font they have.
        return string.Create(CultureInfo.InvariantCulture, $"""
            <svg xmlns="http://www.w3.org/2000/svg" width="{left + right}" height="22" role="img" aria-label="{label}: {escaped}">
            <title>{label}: {escaped}</title>
            <clipPath id="r"><rect width="{left + right}" height="22" rx="4"/></clipPath>
            <g clip-path="url(#r)"><rect width="{left}" height="22" fill="#2b241a"/><rect x="{left}" width="{right}" height="22" fill="{color}"/></g>
            <path d="M7 7l4 4-4 4M13 15h5" fill="none" stroke="#f3a665" stroke-width="2" stroke-linecap="round" stroke-linejoin="round"/>
            <g fill="#fff" font-family="Verdana,DejaVu Sans,Geneva,sans-serif" font-size="11">
            <text x="22" y="15" textLength="{left - 28}" lengthAdjust="spacingAndGlyphs">{label}</text>
            <text x="{left + 7}" y="15" textLength="{right - 14}" lengthAdjust="spacingAndGlyphs">{escaped}</text>
            </g>
            </svg>
            """);
    }

    /// <summary>About as wide as Verdana at 11 pixels.</summary>
    private static int Width(string text) => (int)Math.Ceiling(text.EnumerateRunes().Sum(rune => rune.Value switch
    {
        'i' or 'l' or 'j' or '.' or ',' or ':' or '\'' or '|' or 'I' or ' ' => 4.0,
        'f' or 't' or 'r' or '(' or ')' or '-' => 5.0,
        'm' or 'w' or 'M' or 'W' or '@' => 10.0,
        >= 'A' and <= 'Z' => 7.8,
        >= 0x1100 => 11.0,
        _ => 6.9,
    }));
}
