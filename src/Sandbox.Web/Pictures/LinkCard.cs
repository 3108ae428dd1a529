using System.Globalization;
using Sandbox.Web.Links;

namespace Sandbox.Web.Pictures;

/// <summary>The picture of a link beside a post: its title, what it starts, who made it. 1200 x 630, as Open Graph asks for.</summary>
internal static class LinkCard
{
    private const int LineLength = 26;
    private const int MaxLines = 3;

    /// <summary>The picture as SVG.</summary>
    public static string Draw(EnteredLink link, string author)
    {
        var lines = Lines(PictureText.Short(link.Link.Title, LineLength * MaxLines)).Select((line, index) =>
            string.Create(CultureInfo.InvariantCulture, $"""<text x="96" y="{236 + (index * 84)}" font-size="68" font-weight="700">{PictureText.Escaped(line, line.Length + 1)}</text>"""));
        var images = PictureText.Escaped(string.Join(", ", link.Images.Select(image => image.Name)), 44);
        return $"""
            <svg xmlns="http://www.w3.org/2000/svg" width="1200" height="630" viewBox="0 0 1200 630" role="img" aria-label="{PictureText.Escaped(link.Link.Title, 120)}">
            <rect width="1200" height="630" fill="#faf6ee"/>
            <path d="M0 540c220-70 430-50 620-10s390 40 580-30v130H0z" fill="#f1e3c8"/><path d="M0 590c300-60 520-30 760 0s330 10 440-20v60H0z" fill="#e8c998"/>
            <path d="M96 92l26 24-26 24M132 140h34" fill="none" stroke="#9c3f12" stroke-width="10" stroke-linecap="round" stroke-linejoin="round"/>
            <g fill="#231d14" font-family="Inter,Segoe UI,Noto Sans,DejaVu Sans,Liberation Sans,sans-serif">
            <text x="190" y="136" font-size="40" font-weight="650">Sandbox</text>
            {string.Join('\n', lines)}
            <text x="96" y="486" font-size="36" fill="#5f5544">Starts {images} in the browser. {PictureText.Escaped(author, 40)}.</text>
            </g>
            </svg>
            """;
    }

    /// <summary>Breaks a title between words where it can.</summary>
    private static List<string> Lines(string title)
    {
        var lines = new List<string> { "" };
        foreach (var word in title.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            var rest = word;
            if (lines[^1].Length > 0 && lines[^1].Length + 1 + rest.Length > LineLength)
            {
                lines.Add("");
            }

            for (; rest.Length > LineLength; rest = rest[LineLength..])
            {
                lines[^1] = rest[..LineLength];
                lines.Add("");
            }

            lines[^1] = lines[^1].Length == 0 ? rest : $"{lines[^1]} {rest}";
        }

        return lines.Count <= MaxLines ? lines : [.. lines.Take(MaxLines - 1), PictureText.Short($"{lines[MaxLines - 1]} {lines[MaxLines]}", LineLength)];
    }
}
