namespace Sandbox.Web.Builds;

/// <summary>How images are built of Dockerfiles.</summary>
public sealed class BuildOptions
{
    /// <summary>The catalog's image with Buildah, in whose sandboxes images are built.</summary>
    public string Image { get; set; } = "docker";

    /// <summary>How long one build may take.</summary>
    public int Minutes { get; set; } = 20;

    /// <summary>MiB that the context of a build may have, as it is sent.</summary>
    public int ContextMiB { get; set; } = 512;

    internal long ContextBytes => ContextMiB * 1024L * 1024;

    internal IEnumerable<string> Validate()
    {
        if (string.IsNullOrWhiteSpace(Image))
        {
            yield return "Builds:Image: the name of an image in the catalog";
        }

        if (Minutes is < 1 or > 24 * 60)
        {
            yield return "Builds:Minutes: 1 to 1440";
        }

        if (ContextMiB is < 1 or > 1 << 20)
        {
            yield return "Builds:ContextMiB: 1 to 1048576";
        }
    }
}
