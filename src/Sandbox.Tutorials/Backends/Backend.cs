using Sandbox.Core.Recipes;

namespace Sandbox.Tutorials.Backends;

public enum BackendKind
{
    /// <summary>One plain container.</summary>
    Container,

    /// <summary>A container with Docker inside.</summary>
    Docker,
    Kubernetes,
    OpenShift,

    /// <summary>Red Hat Enterprise Linux with its subscription and services.</summary>
    Rhel,
    Windows,

    /// <summary>A backend nobody has described.</summary>
    Unknown,
}

/// <summary>What a tutorial has to run on.</summary>
/// <param name="Image">The image to start: a name of the catalog or of a registry.</param>
/// <param name="Asked">The source's own word for it, such as an imageid.</param>
/// <param name="Hosts">Machines it needs at the same time.</param>
public sealed record Backend(BackendKind Kind, string Image, string? Asked, int Hosts = 1)
{
    /// <summary>Whether each host is a node of the playground, with terminals and ports of its own.</summary>
    public bool HasNodes { get; init; }

    /// <summary>Machines that one playground has.</summary>
    private int MostHosts => HasNodes ? RecipeRules.MaxNodes : 1;

    /// <summary>Why it cannot be run here; null when it can.</summary>
    public string? Refusal => Kind switch
    {
        BackendKind.Kubernetes => $"needs Kubernetes{Named}, which sandboxes do not run",
        BackendKind.OpenShift => $"needs OpenShift{Named}, which sandboxes do not run",
        BackendKind.Rhel => $"needs Red Hat Enterprise Linux{Named}, whose subscription and services no image here has",
        BackendKind.Windows => "needs Windows containers, which Linux hosts do not run",
        BackendKind.Unknown => $"no image is known for the backend{Named}",
        _ => Hosts > MostHosts ? $"needs {Hosts} hosts{Named}; a playground has {(HasNodes ? "at most " : "")}{MostHosts}" : null,
    };

    private string Named => Asked is null ? "" : $" ({Asked})";
}
