using System.Xml;
using System.Xml.Linq;
using Sandbox.Tutorials.Sources;

namespace Sandbox.Web.Tutorials;

/// <summary>The pictures of tutorials: strangers' files on our own host, so only what a browser shows as a picture is served.</summary>
internal static class TutorialPictures
{
    /// <summary>Bytes of one picture.</summary>
    public const int MaxBytes = 8 * 1024 * 1024;

    private const int MaxSvgBytes = 1024 * 1024;

    private static readonly Dictionary<string, string> Types = new(StringComparer.OrdinalIgnoreCase)
    {
        [".png"] = "image/png",
        [".jpg"] = "image/jpeg",
        [".jpeg"] = "image/jpeg",
        [".gif"] = "image/gif",
        [".webp"] = "image/webp",
        [".avif"] = "image/avif",
        [".svg"] = "image/svg+xml",
    };

    /// <summary>Elements of SVG that draw. Scripts, foreign content, animations of links, styles and embedded pages are none of them.</summary>
    private static readonly HashSet<string> Drawing = new(StringComparer.Ordinal)
    {
        "svg", "g", "defs", "symbol", "use", "title", "desc", "path", "rect", "circle", "ellipse", "line", "polyline", "polygon", "text", "tspan", "textPath",
        "linearGradient", "radialGradient", "stop", "pattern", "clipPath", "mask", "marker", "filter", "feGaussianBlur", "feOffset", "feBlend", "feMerge", "feMergeNode",
        "feColorMatrix", "feComposite", "feFlood", "feDropShadow", "switch", "a",
    };

    /// <summary>The type that a file is served with; null when it is no picture.</summary>
    public static string? TypeOf(string path) => Types.GetValueOrDefault(Path.GetExtension(path));

    /// <summary>The folder that the relative paths of a tutorial start from.</summary>
    public static string FolderOf(string path) => path.EndsWith(".md", StringComparison.Ordinal) || path.EndsWith(".markdown", StringComparison.Ordinal) ? TutorialSource.FolderOf(path) : path;

    /// <summary>The address of a picture that a file of a folder names; an address elsewhere stays, and null is none.</summary>
    public static string? Address(string hash, string folder, string reference)
    {
        if (Uri.TryCreate(reference, UriKind.Absolute, out var elsewhere) && elsewhere.Scheme is "http" or "https")
        {
            return reference;
        }

        var plain = reference.Split('?', '#')[0];
        try
        {
            plain = Uri.UnescapeDataString(plain);
        }
        catch (UriFormatException)
        {
            return null;
        }

        return TutorialSource.Resolve(folder, plain) is { Length: > 0 } path && TypeOf(path) is not null
            ? $"/t/{hash}/files/{string.Join('/', path.Split('/').Select(Uri.EscapeDataString))}"
            : null;
    }

    /// <summary>An SVG with nothing in it but drawing; null when it is none.</summary>
    public static byte[]? Clean(byte[] svg)
    {
        if (svg.Length > MaxSvgBytes)
        {
            return null;
        }

        try
        {
            using var reader = XmlReader.Create(new MemoryStream(svg), new XmlReaderSettings { DtdProcessing = DtdProcessing.Ignore, XmlResolver = null, MaxCharactersFromEntities = 1024 });
            var document = XDocument.Load(reader);
            if (document.Root?.Name.LocalName != "svg")
            {
                return null;
            }

            document.DescendantNodes().Where(node => node is XProcessingInstruction or XComment or XDocumentType).ToList().ForEach(node => node.Remove());
            foreach (var element in document.Descendants().Where(element => !Drawing.Contains(element.Name.LocalName)).ToList())
            {
                element.Remove();
            }

            foreach (var attribute in document.Descendants().Attributes().Where(attribute => !IsSafe(attribute)).ToList())
            {
                attribute.Remove();
            }

            using var written = new MemoryStream();
            using (var writer = XmlWriter.Create(written, new XmlWriterSettings { OmitXmlDeclaration = true, Encoding = new System.Text.UTF8Encoding(encoderShouldEmitUTF8Identifier: false) }))
            {
                document.Root.WriteTo(writer);
            }

            return written.ToArray();
        }
        catch (Exception broken) when (broken is XmlException or InvalidOperationException or ArgumentException)
        {
            return null;
        }
    }

    private static bool IsSafe(XAttribute attribute)
    {
        var name = attribute.Name.LocalName;
        return attribute.IsNamespaceDeclaration
            || (!name.StartsWith("on", StringComparison.OrdinalIgnoreCase)
                && (name != "href" || attribute.Value.StartsWith('#'))
                && !attribute.Value.Contains("javascript:", StringComparison.OrdinalIgnoreCase)
                && (!attribute.Value.Contains("url(", StringComparison.OrdinalIgnoreCase) || attribute.Value.Contains("url(#", StringComparison.Ordinal)));
    }
}
