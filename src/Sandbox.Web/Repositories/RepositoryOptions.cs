namespace Sandbox.Web.Repositories;

/// <summary>How git repositories are read.</summary>
public sealed class RepositoryOptions
{
    /// <summary>The catalog's image with git, in which repositories are read and which those get that name none.</summary>
    public string Image { get; set; } = "debian";

    /// <summary>
    /// Git hosts that are accepted although they have a port or are an IP address: <c>git.example.org:8443</c>. They are
    /// reached over https and through the network of sandboxes like any other.
    /// </summary>
    public string[] Hosts { get; set; } = [];

    /// <summary>How long one reading may take.</summary>
    public int Seconds { get; set; } = 120;

    /// <summary>MiB that a host may send for one reading.</summary>
    public int DiskMiB { get; set; } = 512;

    internal IEnumerable<string> Validate()
    {
        if (string.IsNullOrWhiteSpace(Image))
        {
            yield return "Repositories:Image: the name of an image in the catalog";
        }

        foreach (var host in Hosts.Where(host => !Uri.TryCreate($"https://{host}/", UriKind.Absolute, out var url) || url.Authority != host || url.UserInfo.Length > 0))
        {
            yield return $"Repositories:Hosts: '{host}' is no host like git.example.org:8443";
        }

        if (Seconds is < 5 or > 3600)
        {
            yield return "Repositories:Seconds: 5 to 3600";
        }

        if (DiskMiB is < 16 or > 1 << 20)
        {
            yield return "Repositories:DiskMiB: 16 to 1048576";
        }
    }
}
