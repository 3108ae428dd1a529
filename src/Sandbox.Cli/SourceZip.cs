using System.IO.Compression;
using Sandbox.Tutorials.Sources;

namespace Sandbox.Cli;

/// <summary>The files of a source as a zip to publish.</summary>
internal static class SourceZip
{
    public static byte[] Of(TutorialSource source)
    {
        using var bytes = new MemoryStream();
        using (var zip = new ZipArchive(bytes, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var path in source.Files)
            {
                if (source.Read(path) is { } content)
                {
                    using var file = zip.CreateEntry(path, CompressionLevel.Optimal).Open();
                    file.Write(content);
                }
            }
        }

        return bytes.ToArray();
    }
}
