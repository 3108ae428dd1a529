using System.Globalization;
using System.Text.RegularExpressions;

namespace Sandbox.Tutorials.Backends;

/// <summary>The names that Katacoda and Killercoda have for their images, and ours for them.</summary>
internal static partial class KatacodaImages
{
    /// <summary>One Ubuntu image stands for all of these.</summary>
    private static readonly HashSet<string> Ubuntu = new(StringComparer.OrdinalIgnoreCase)
    {
        "ubuntu", "ubuntu:2004", "ubuntu2004", "ubuntu:1804", "ubuntu1804", "ubuntu:1604", "ubuntu1604", "ubuntu:2204", "ubuntu2204", "ubuntu:2404", "ubuntu2404",
        "bash", "bash1804", "git", "vscode", "ubuntu-4GB", "none", "terminal", "linux", "vscode-ubuntu",
    };

    /// <summary>The repositories of language images on Docker Hub whose names differ from Katacoda's.</summary>
    private static readonly Dictionary<string, string> Languages = new(StringComparer.OrdinalIgnoreCase)
    {
        ["nodejs"] = "node",
        ["node"] = "node",
        ["python"] = "python",
        ["golang"] = "golang",
        ["go"] = "golang",
        ["rust"] = "rust",
        ["ruby"] = "ruby",
        ["openjdk"] = "openjdk",
        ["java"] = "eclipse-temurin",
        ["dotnet"] = "mcr.microsoft.com/dotnet/sdk",
        ["csharp"] = "mcr.microsoft.com/dotnet/sdk",
        ["rlang"] = "r-base",
        ["r"] = "r-base",
        ["kotlin"] = "zenika/kotlin",
        ["php"] = "php",
        ["perl"] = "perl",
        ["swift"] = "swift",
        ["elixir"] = "elixir",
        ["erlang"] = "erlang",
        ["haskell"] = "haskell",
        ["julia"] = "julia",
        ["scala"] = "sbtscala/scala-sbt",
        ["gcc"] = "gcc",
        ["alpine"] = "alpine",
        ["debian"] = "debian",
        ["fedora"] = "fedora",
        ["postgres"] = "postgres",
        ["mysql"] = "mysql",
        ["redis"] = "redis",
        ["mongo"] = "mongo",
    };

    public static Backend Resolve(string? asked)
    {
        var id = asked?.Trim() ?? "";
        if (id.Length is 0 or > 200)
        {
            return new Backend(BackendKind.Unknown, "", id.Length == 0 ? null : id[..40]);
        }

        var hosts = Hosts(id);
        if (Ubuntu.Contains(id))
        {
            return new Backend(BackendKind.Container, "ubuntu", id);
        }

        if (Starts(id, "docker"))
        {
            return new Backend(BackendKind.Docker, "ubuntu-docker", id, Starts(id, "docker-swarm") ? 2 : hosts);
        }

        if (Starts(id, "openshift"))
        {
            return new Backend(BackendKind.OpenShift, "", id, hosts);
        }

        if (Starts(id, "kubernetes") || Starts(id, "minikube") || Starts(id, "k3s") || Starts(id, "k8s"))
        {
            return new Backend(BackendKind.Kubernetes, "", id, hosts);
        }

        if (Starts(id, "rhel"))
        {
            return new Backend(BackendKind.Rhel, "", id, Starts(id, "rhel8-cluster") ? 3 : hosts);
        }

        if (Starts(id, "centos"))
        {
            return new Backend(BackendKind.Container, "quay.io/centos/centos:stream9", id);
        }

        if (Starts(id, "windows"))
        {
            return new Backend(BackendKind.Windows, "", id);
        }

        // lang:ver is the official image of that version; "-" and nothing are seen in its place.
        var parts = id.Split(':', 2);
        if (Languages.TryGetValue(parts[0], out var image))
        {
            return new Backend(BackendKind.Container, parts.Length == 2 && parts[1].Length > 0 ? $"{image}:{parts[1]}" : image, id);
        }

        return Starts(id, "ubuntu") ? new Backend(BackendKind.Container, "ubuntu", id, hosts) : new Backend(BackendKind.Unknown, "", id, hosts);
    }

    private static bool Starts(string id, string with) => id.StartsWith(with, StringComparison.OrdinalIgnoreCase);

    private static int Hosts(string id) =>
        NodeCount().Match(id) is { Success: true } match && int.TryParse(match.Groups["n"].ValueSpan, CultureInfo.InvariantCulture, out var hosts) && hosts > 0 ? hosts : 1;

    [GeneratedRegex(@"-(?<n>\d)nodes?\b", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex NodeCount();
}
