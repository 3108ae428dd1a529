using System.Globalization;
using System.Text.Json;
using Sandbox.Core.Recipes;
using Sandbox.Recipes.Problems;

namespace Sandbox.Recipes.Compose;

/// <summary>Reads the services of one compose file. A part that a node cannot do ends the reading.</summary>
/// <param name="offered">Gives the catalog's image of a reference, or null when there is none.</param>
internal sealed class ServiceReader(Func<string, string?> offered)
{
    /// <summary>Fields that are true of every node, or make no difference to one: a node keeps running, and all reach each other.</summary>
    private static readonly string[] Free =
    [
        "container_name", "expose", "healthcheck", "labels", "logging", "networks", "platform", "pull_policy", "restart", "stdin_open", "stop_grace_period", "stop_signal", "tty",
    ];

    private const string MergeKey = "<<";

    private readonly List<(LocatedValue At, string Field, string Image)> replaced = [];
    private readonly Interpolation interpolation = new();
    private readonly HashSet<string> volumes = new(StringComparer.Ordinal);

    /// <summary>The images of the catalog that are not called as the file calls them.</summary>
    public IReadOnlyList<(LocatedValue At, string Field, string Image)> Replaced => replaced;

    public RecipeNode Read(string name, LocatedValue service)
    {
        // A long name would be in the path of every field.
        if (name.Length > RecipeRules.MaxNameLength)
        {
            throw new NeedsDockerException(service, "services", $"a name has more than {RecipeRules.MaxNameLength} characters");
        }

        var at = $"services.{name}";
        if (service.Kind != JsonValueKind.Object)
        {
            throw new NeedsDockerException(service, at, "must be a mapping of fields");
        }

        service = service with { Members = Merged(service) };
        foreach (var (field, value) in service.Members)
        {
            Check(name, field, value, $"{at}.{field}");
        }

        return new RecipeNode
        {
            Name = name,
            Image = Image(service["image"] ?? service, at + ".image"),
            Env = Env(service["environment"], at + ".environment"),
            User = service["user"] is { } user ? interpolation.Resolve(user, at + ".user") : null,
            Workdir = service["working_dir"] is { } directory ? interpolation.Resolve(directory, at + ".working_dir") : null,
            Ports = [.. Items(service["ports"]).SelectMany(port => Ports(port, at + ".ports")).Distinct().Select(port => new RecipePort { Port = port })],
        };
    }

    /// <summary>Why no node can do a field of a service, or of the file.</summary>
    public static string WhyNot(string field) => field switch
    {
        "build" => "nodes start images of the catalog and build none",
        "command" or "entrypoint" => "a node always runs its image's own command",
        "env_file" => "a node has no files of the repository",
        "secrets" or "configs" => "a node cannot mount files or folders",
        "include" or "extends" => "nodes are made of this file alone",
        "privileged" or "cap_add" or "devices" or "security_opt" or "network_mode" or "pid" or "ipc" => "a node has no privileges beyond those of every sandbox",
        _ => "nodes do not support this field",
    };

    private void Check(string name, string field, LocatedValue value, string at)
    {
        switch (field)
        {
            case "image" or "environment" or "user" or "working_dir" or "ports":
                return;
            case "hostname":
                if (value.Text != name)
                {
                    throw new NeedsDockerException(value, at, "a node always has the name of its service");
                }

                return;
            case "depends_on":
                foreach (var (service, condition) in value.Members.Where(member => (member.Value.ValueOf("condition") ?? "service_started") != "service_started"))
                {
                    throw new NeedsDockerException(condition, $"{at}.{service}", "nodes do not wait for each other");
                }

                return;
            case "volumes":
                foreach (var volume in Items(value))
                {
                    CheckVolume(volume, at);
                }

                return;
            default:
                if (!Free.Contains(field, StringComparer.Ordinal) && !field.StartsWith("x-", StringComparison.Ordinal))
                {
                    throw new NeedsDockerException(value, at, WhyNot(field));
                }

                return;
        }
    }

    /// <summary>A volume that one service has is on the disk of its node.</summary>
    private void CheckVolume(LocatedValue volume, string at)
    {
        var parts = volume.Text?.Split(':') ?? [];
        var (kind, source) = volume.Kind == JsonValueKind.Object
            ? (volume.ValueOf("type"), volume.ValueOf("source"))
            : (parts is [['.' or '/' or '~' or '$', ..], _, ..] ? "bind" : "volume", parts.Length > 1 ? parts[0] : null);
        if (kind != "volume")
        {
            throw new NeedsDockerException(volume, at, "a node cannot mount files or folders");
        }

        if (source is not null && !volumes.Add(source))
        {
            throw new NeedsDockerException(volume, at, $"several services share the volume {source}, and each node has a disk of its own");
        }
    }

    private string Image(LocatedValue value, string at)
    {
        if (value.Text is null)
        {
            throw new NeedsDockerException(value, at, "the service has no image");
        }

        var asked = interpolation.Resolve(value, at);
        var image = offered(asked) ?? throw new NeedsDockerException(value, at, $"the catalog has no image {asked}");
        if (image != asked)
        {
            replaced.Add((value, at, image));
        }

        return image;
    }

    /// <summary>A mapping, or a list of <c>NAME=value</c>. A name without a value would be a variable of the author's computer.</summary>
    private Dictionary<string, string> Env(LocatedValue? value, string at)
    {
        var env = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, text) in value is null ? [] : Merged(value))
        {
            if (text.Text is not null)
            {
                env[name] = interpolation.Resolve(text, $"{at}.{name}");
            }
        }

        foreach (var item in Items(value))
        {
            if (interpolation.Resolve(item, at).Split('=', 2) is [var name, var text])
            {
                env[name] = text;
            }
        }

        return env;
    }

    /// <summary><c>8080:80</c>, <c>127.0.0.1:8080:80/tcp</c>, <c>80</c> or a mapping with <c>target</c>: the ports of the service itself. Only TCP is offered on the page.</summary>
    private IEnumerable<int> Ports(LocatedValue port, string at)
    {
        var text = port.Kind == JsonValueKind.Object ? $"{port.ValueOf("target")}/{port.ValueOf("protocol") ?? "tcp"}" : interpolation.Resolve(port, at);
        if (text.EndsWith("/udp", StringComparison.Ordinal))
        {
            yield break;
        }

        var ends = text.Split(':')[^1].Split('/')[0].Split('-').Select(end => int.TryParse(end, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0).ToArray();
        if (ends.Length > 2 || ends[0] == 0 || ends[^1] < ends[0])
        {
            throw new NeedsDockerException(port, at, "not a port");
        }

        for (var number = ends[0]; number <= Math.Min(ends[^1], ends[0] + PortRules.MaxPorts); number++)
        {
            yield return number;
        }
    }

    /// <summary>The members of a mapping with those of its merge key, <c>&lt;&lt;: *common</c> or a list of such, which the mapping's own replace.</summary>
    private static Dictionary<string, LocatedValue> Merged(LocatedValue mapping)
    {
        var members = mapping.Members.Where(member => member.Key != MergeKey).ToDictionary(StringComparer.Ordinal);
        foreach (var other in mapping[MergeKey] is { } merged ? merged.Items.Count > 0 ? merged.Items : [merged] : [])
        {
            foreach (var (name, value) in Merged(other))
            {
                members.TryAdd(name, value);
            }
        }

        return members;
    }

    private static IReadOnlyList<LocatedValue> Items(LocatedValue? value) => value?.Items ?? [];
}
