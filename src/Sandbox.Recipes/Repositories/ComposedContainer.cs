using System.Globalization;
using System.Text;
using Sandbox.Core.Recipes;
using Sandbox.Recipes.Addresses;
using Sandbox.Recipes.Compose;
using Sandbox.Recipes.DevContainers;
using Sandbox.Recipes.Problems;

namespace Sandbox.Recipes.Repositories;

/// <summary>
/// A dev container that is a service of compose files: a node, with the others beside it, when nodes can do all that the
/// one file asks for. Else Docker starts the files in its image, and the visitor's terminal and the commands run in the service.
/// </summary>
internal sealed class ComposedContainer(DevContainer container, DevContainerCompose compose, RepositoryAddress address)
{
    private const string PortsFile = "/root/devcontainer-ports.yaml";
    private const string OwnShell = "[ -x /bin/bash ] && exec bash; exec sh";

    private string Tree => $"/workspaces/{address.Name}";

    private RecipeNode Written => container.Recipe.Nodes[0];

    /// <summary>Whether the files have the service, as far as they can be read.</summary>
    public bool HasService(IReadOnlyList<string> texts) => Services(texts) is var services && (services.Count < texts.Count || services.Exists(all => all![compose.Service] is not null));

    /// <summary>The nodes, the service's first; null when the services need Docker, with the reason in the log.</summary>
    public Recipe? AsNodes(string file, string text, Func<string, string?> offered, string otherwise, ProblemLog log)
    {
        if (compose.Files.Count > 1)
        {
            log.Unsupported(file, 1, $"nodes are made of one compose file: {otherwise}", "dockerComposeFile");
            return null;
        }

        if (ComposeFile.ReadNodes(text, compose.Files[0], offered, otherwise, log) is not { } read || read.Nodes.FirstOrDefault(node => node.Name == compose.Service) is not { } service)
        {
            return null;
        }

        var own = service with
        {
            Workdir = container.WorkspaceFolder,
            User = Written.User ?? service.User,
            Env = new Dictionary<string, string>([.. service.Env, .. Written.Env.Where(variable => !service.Env.ContainsKey(variable.Key))], StringComparer.Ordinal),
            Setup = Written.Setup,
            Ports = [.. service.Ports, .. Written.Ports.Where(port => service.Ports.All(known => known.Port != port.Port))],
        };
        var others = read.Nodes.Where(node => node.Name != compose.Service).Select(node => node with
        {
            Ports = [.. node.Ports, .. compose.Ports.Where(port => port.Service == node.Name && node.Ports.All(known => known.Port != port.Port)).Select(port => new RecipePort { Port = port.Port })],
        });
        var recipe = container.Recipe with { Nodes = [own, .. others] };
        if (RecipeRules.Validate(recipe) is [var rule, ..])
        {
            log.Unsupported(file, 1, $"{rule}: {otherwise}", "dockerComposeFile");
            return null;
        }

        return recipe;
    }

    /// <summary>The image <paramref name="image"/> in which Docker starts the files; null when it cannot be, with the reason in the log.</summary>
    public Recipe? InDocker(string file, IReadOnlyList<string> texts, string image, string otherwise, ProblemLog log)
    {
        var ports = PortsText(Services(texts));
        string[] command = ["docker", "compose", .. compose.Files.SelectMany(path => new[] { "-f", $"{Tree}/{path}" }), .. ports is null ? Array.Empty<string>() : ["-f", PortsFile]];
        string[] started = compose.Others.Count == 0 ? [] : [compose.Service, .. compose.Others.Where(name => name != compose.Service)];
        string[] exec =
        [
            .. command, "exec",
            .. container.HasWorkspaceFolder ? new[] { "-w", container.WorkspaceFolder } : [],
            .. Written.User is { } user ? new[] { "-u", user } : [],
            .. Written.Env.SelectMany(variable => new[] { "-e", $"{variable.Key}={variable.Value}" }),
        ];
        var recipe = container.Recipe with
        {
            Nodes =
            [
                new RecipeNode
                {
                    Image = image,
                    Files = ports is null ? [] : [new RecipeFile { Path = PortsFile, Text = ports }],
                    Setup = [[.. command, "up", "-d", .. started], .. Written.Setup.Select(line => (IReadOnlyList<string>)[.. exec, "-T", compose.Service, .. line])],
                },
            ],
            Terminals =
            [
                new RecipeTerminal { Title = compose.Service, Run = Line([.. exec, compose.Service, "sh", "-c", OwnShell]) },
                .. container.Recipe.Terminals.Select(terminal => new RecipeTerminal { Title = terminal.Title, Run = Line([.. exec, compose.Service, .. terminal.Run is { } run ? new[] { "sh", "-c", run } : terminal.Command]) }),
            ],
        };
        if (RecipeRules.Validate(recipe) is [var rule, ..])
        {
            log.Unsupported(file, 1, $"{rule}: {otherwise}", "dockerComposeFile");
            return null;
        }

        return recipe;
    }

    private static List<LocatedValue?> Services(IReadOnlyList<string> texts) =>
        [.. texts.Select(text => LocatedYaml.Parse(text, 1, out _, out _, out _)?["services"]).Where(services => services is not null)];

    /// <summary>A file that publishes the forwarded ports, where the containers' networks have them. Null if there are none.</summary>
    private string? PortsText(List<LocatedValue?> services)
    {
        var published = services.SelectMany(all => all!.Members.Values).SelectMany(service => service["ports"]?.Items ?? []).Select(port => port.ValueOf("published") ?? port.Text ?? "").ToList();
        var wanted = Written.Ports.Select(port => (compose.Service, port.Port)).Concat(compose.Ports)
            .Where(port => !published.Exists(text => text.Split(':', '/').Contains(port.Port.ToString(CultureInfo.InvariantCulture), StringComparer.Ordinal)))
            .Select(port => (Service: NetworkOf(services, port.Item1), Port: port.Item2)).Where(port => port.Service is not null).Distinct().GroupBy(port => port.Service!, StringComparer.Ordinal).ToList();
        if (wanted.Count == 0)
        {
            return null;
        }

        var text = new StringBuilder("services:\n");
        foreach (var service in wanted)
        {
            text.Append(CultureInfo.InvariantCulture, $"  {service.Key}:\n    ports: [{string.Join(", ", service.Select(port => $"\"{port.Port}:{port.Port}\""))}]\n");
        }

        return text.ToString();
    }

    /// <summary>The service whose network another one has: <c>network_mode: service:db</c>. Null for one that no file has, or whose network publishes nothing.</summary>
    private static string? NetworkOf(List<LocatedValue?> services, string name)
    {
        var found = services.Select(all => all![name]).LastOrDefault(service => service is not null);
        var mode = found?.ValueOf("network_mode");
        return found is null ? null
            : mode is null or "bridge" ? name
            : mode.StartsWith("service:", StringComparison.Ordinal) && DevContainerCompose.IsName(mode[8..]) && services.Exists(all => all![mode[8..]] is { } other && other["network_mode"] is null) ? mode[8..]
            : null;
    }

    /// <summary>A command as it is typed into a shell.</summary>
    private static string Line(IEnumerable<string> words) => string.Join(' ', words.Select(word =>
        word.Length > 0 && word.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '/' or '.' or '-' or '_' or '=' or ':') ? word : $"'{word.Replace("'", "'\\''", StringComparison.Ordinal)}'"));
}
