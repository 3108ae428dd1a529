using System.Text.RegularExpressions;
using Sandbox.Tutorials.Blocks;

namespace Sandbox.Tutorials.Backends;

/// <summary>
/// Reads from the commands of a tutorial what its image name does not say: an "ubuntu" of Katacoda has Docker
/// preinstalled, and one that starts a Kubernetes cluster needs more than an "ubuntu".
/// </summary>
internal static partial class Needs
{
    public static Backend Of(Backend named, IEnumerable<Step> steps)
    {
        if (named.Kind is not (BackendKind.Container or BackendKind.Docker))
        {
            return named;
        }

        var docker = false;
        foreach (var text in steps.SelectMany(Commands))
        {
            if (Cluster().IsMatch(text))
            {
                return named with { Kind = BackendKind.Kubernetes };
            }

            docker |= Docker().IsMatch(text);
        }

        return docker && named.Kind == BackendKind.Container ? named with { Kind = BackendKind.Docker } : named;
    }

    private static IEnumerable<string> Commands(Step step) =>
        step.Blocks.OfType<RunBlock>().Select(block => block.Command)
            .Concat(new[] { step.Setup, step.Foreground, step.Start, step.Solve, step.Check?.Script }.OfType<Checks.Script>().Select(script => script.Text));

    [GeneratedRegex(@"(^|[\s;&|(`])(docker-compose|docker\s+(run|build|compose|ps|pull|push|images?|exec|stop|start|rm|rmi|volume|network|info|version|login|container|swarm|service|stack|node|logs|inspect|buildx|system|tag|commit|save|load|cp|search|history|stats|top|kill|create|context|plugin|secret|config|--version|-v))\b", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture | RegexOptions.Multiline, 2000)]
    private static partial Regex Docker();

    [GeneratedRegex(@"(^|[\s;&|(`])(minikube\s+start|kind\s+create\s+cluster|k3d\s+cluster\s+create|kubeadm\s+init)\b", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture | RegexOptions.Multiline, 2000)]
    private static partial Regex Cluster();
}
