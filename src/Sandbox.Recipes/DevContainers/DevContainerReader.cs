using System.Globalization;
using System.Text.Json;
using Sandbox.Core.Recipes;
using Sandbox.Recipes.Problems;

namespace Sandbox.Recipes.DevContainers;

/// <summary>
/// Reads one file. Each part is added to a recipe that stays valid: a part that breaks a rule is left out and named.
/// <code>
/// {
///   "image": "python:3", // comments and trailing commas are usual
///   "postCreateCommand": "pip install -r requirements.txt",
///   "forwardPorts": [8000],
/// }
/// </code>
/// </summary>
internal sealed class DevContainerReader(string text, string file, string name, string defaultImage)
{
    /// <summary>In the order in which they run. Those of <c>initializeCommand</c> would run on the host.</summary>
    private static readonly string[] Lifecycle = ["onCreateCommand", "updateContentCommand", "postCreateCommand", "postStartCommand"];

    /// <summary>Parts that are read, or have nothing to say.</summary>
    private static readonly HashSet<string> Known = new(StringComparer.Ordinal)
    {
        "$schema", "name", "image", "build", "dockerFile", "context", "dockerComposeFile", "service", "runServices", "workspaceFolder", "containerEnv", "remoteEnv", "containerUser", "remoteUser",
        "forwardPorts", "portsAttributes", "otherPortsAttributes", "appPort", "secrets", "onCreateCommand", "updateContentCommand", "postCreateCommand", "postStartCommand", "postAttachCommand", "init", "updateRemoteUserUID",
    };

    /// <summary>Parts without an effect here.</summary>
    private static readonly Dictionary<string, string> WithoutEffect = new(StringComparer.Ordinal)
    {
        ["customizations"] = "is for editors",
        ["extensions"] = "is for editors",
        ["settings"] = "is for editors",
        ["devPort"] = "is for editors",
        ["hostRequirements"] = "the resources are those of the visitor's plan",
        ["waitFor"] = "the commands run before the visitor enters",
        ["userEnvProbe"] = "a terminal's shell sets the environment",
        ["shutdownAction"] = "the lease ends the playground",
        ["overrideCommand"] = "a sandbox has an init of its own",
        ["overrideFeatureInstallOrder"] = "features are not installed",
    };

    private readonly ProblemLog log = new();
    private Recipe recipe = Recipe.FromImage(defaultImage);
    private DevContainerCompose? compose;

    public DevContainer Read()
    {
        var root = LocatedJson.Parse(text, out var line, out var column, out var mistake);
        if (root?.Kind != JsonValueKind.Object)
        {
            log.Unsupported(file, root?.Line ?? line, $"the file cannot be read: {mistake ?? "it is not an object"}", column: root?.Column ?? column);
            root = LocatedValue.Object(1, 1, new Dictionary<string, LocatedValue>(StringComparer.Ordinal));
        }

        var folder = ReadFolder(root);
        var variables = new Variables(name, folder);
        var hasDockerfile = root["build"] is not null || root["dockerFile"] is not null;
        var build = hasDockerfile ? ReadBuild(root, variables) : null;
        compose = hasDockerfile ? null : ReadCompose(root, variables);
        var image = hasDockerfile || root["dockerComposeFile"] is not null ? null : ReadImage(root, variables);
        ReadEnv(root, variables);
        if (image is not null || build is not null || compose is not null)
        {
            ReadUser(root, variables);
            ReadSetup(root, variables);
            ReadTerminals(root, variables);
        }
        else
        {
            NameImageParts(root);
        }

        ReadPorts(root);
        ReadSecrets(root);
        NameOthers(root);
        return new DevContainer
        {
            Title = root["name"]?.Value,
            Image = image,
            Build = build,
            Compose = compose,
            WorkspaceFolder = folder,
            HasWorkspaceFolder = root["workspaceFolder"] is not null,
            Recipe = recipe,
            Problems = [.. log.All.OrderBy(problem => problem.Line).ThenBy(problem => problem.Column)],
        };
    }

    private RecipeNode Node => recipe.Nodes[0];

    /// <summary>
    /// The Dockerfile and its context, whose paths are relative to the folder of the file. Null, with the cause named, when they cannot be used.
    /// https://containers.dev/implementors/json_reference/#image-specific
    /// </summary>
    private RecipeBuild? ReadBuild(LocatedValue root, Variables variables)
    {
        var build = root["build"];
        var named = build?["dockerfile"] ?? build?["dockerFile"] ?? root["dockerFile"];
        var (field, part) = named is null ? ("build", build ?? root) : (ReferenceEquals(named, root["dockerFile"]) ? "dockerFile" : "build.dockerfile", named);
        var missing = new List<string>();
        var read = new RecipeBuild
        {
            Dockerfile = RelativePath.Of(file, Replaced(named) ?? ""),
            Context = RelativePath.Of(file, Replaced(build?["context"] ?? root["context"]) ?? "."),
            Target = Replaced(build?["target"]),
            Args = (build?["args"]?.Members ?? new Dictionary<string, LocatedValue>(StringComparer.Ordinal)).ToDictionary(arg => arg.Key, arg => Replaced(arg.Value) ?? "", StringComparer.Ordinal),
        };
        foreach (var (other, value) in build?.Members ?? new Dictionary<string, LocatedValue>(StringComparer.Ordinal))
        {
            if (other is "cacheFrom")
            {
                log.Advice(file, value.Line, "has no effect: images are built without a cache of others", "build.cacheFrom", value.Column);
            }
            else if (other is not ("dockerfile" or "dockerFile" or "context" or "target" or "args"))
            {
                Refused(value, $"build.{other}", "options of docker build are not used");
            }
        }

        var mistake = missing.Count > 0 ? $"{missing[0]} has no value"
            : string.IsNullOrEmpty(read.Dockerfile) ? named is null ? "it names no Dockerfile" : "the Dockerfile is not in the repository"
            : read.Context is null ? "the context is not in the repository"
            : BuildMistake(read = read.Context.Length == 0 ? read with { Context = null } : read);
        if (mistake is null)
        {
            return read;
        }

        Unsupported(part, field, $"{mistake}: {defaultImage} is started instead");
        return null;

        string? Replaced(LocatedValue? value)
        {
            if (value?.Text is not { } text)
            {
                return null;
            }

            var replaced = variables.Replace(text, out var none);
            missing.AddRange(none is null ? [] : [none]);
            return replaced;
        }
    }

    /// <summary>The first rule that a build breaks; its repository is not known here.</summary>
    private string? BuildMistake(RecipeBuild build) =>
        RecipeRules.Validate(With(Node with { Image = "", Build = build with { Url = "https://repository.example/x" } })).FirstOrDefault(mistake => mistake.Contains(".build", StringComparison.Ordinal))?.Split(": ", 2)[^1];

    private DevContainerCompose? ReadCompose(LocatedValue root, Variables variables) => root["dockerComposeFile"] is { } part
        ? DevContainerCompose.Read(root, part, file, path => variables.Replace(path, out var missing) is var replaced && missing is null ? replaced : null, log, $"{defaultImage} is started instead")
        : null;

    private string? ReadImage(LocatedValue root, Variables variables)
    {
        if (root["image"] is not { } part)
        {
            log.Unsupported(file, root.Line, $"there is no image: {defaultImage} is started instead", "image", root.Column);
            return null;
        }

        var image = variables.Replace(part.Value ?? "", out var missing);
        if (missing is not null)
        {
            Unsupported(part, "image", $"{missing} has no value: {defaultImage} is started instead");
            return null;
        }

        return Add(part, "image", With(Node with { Image = image })) ? image : null;
    }

    private string ReadFolder(LocatedValue root)
    {
        var standard = $"/workspaces/{name}";
        if (root["workspaceFolder"] is not { } part)
        {
            recipe = With(Node with { Workdir = standard });
            return standard;
        }

        var folder = new Variables(name, standard).Replace(part.Value ?? "", out var missing);
        folder = missing is null && folder.Length > 1 ? folder.TrimEnd('/') : folder;
        if (missing is null && folder.Length > 1 && Add(part, "workspaceFolder", With(Node with { Workdir = folder })))
        {
            return folder;
        }

        Unsupported(part, "workspaceFolder", $"{standard} is used instead");
        recipe = With(Node with { Workdir = standard });
        return standard;
    }

    private void ReadEnv(LocatedValue root, Variables variables)
    {
        foreach (var field in new[] { "containerEnv", "remoteEnv" })
        {
            foreach (var (key, value) in root[field]?.Members ?? new Dictionary<string, LocatedValue>(StringComparer.Ordinal))
            {
                var path = $"{field}.{key}";
                if (value.Text is null)
                {
                    Unsupported(value, path, value.Kind == JsonValueKind.Null ? "a variable of the image cannot be unset" : "is not a string");
                    continue;
                }

                var replaced = variables.Replace(value.Text, out var missing);
                if (missing is not null)
                {
                    Unsupported(value, path, $"{missing} has no value: the variable is not set");
                }
                else if (Add(value, path, With(Node with { Env = new Dictionary<string, string>(Node.Env, StringComparer.Ordinal) { [key] = replaced } })))
                {
                    variables.Env[key] = replaced;
                }
            }
        }
    }

    private void ReadUser(LocatedValue root, Variables variables)
    {
        var field = root["remoteUser"] is null ? "containerUser" : "remoteUser";
        if (root[field] is not { } part)
        {
            return;
        }

        var user = variables.Replace(part.Value ?? "", out var missing);
        if (missing is not null)
        {
            Unsupported(part, field, $"{missing} has no value: the image's user is used");
        }
        else
        {
            Add(part, field, With(Node with { User = user }));
        }
    }

    private void ReadSetup(LocatedValue root, Variables variables)
    {
        foreach (var field in Lifecycle)
        {
            foreach (var (path, value, command) in Commands(root, field, variables))
            {
                Add(value, path, With(Node with { Setup = [.. Node.Setup, command] }));
            }
        }
    }

    /// <summary>The commands of an attach often serve until they are stopped, so each has a terminal.</summary>
    private void ReadTerminals(LocatedValue root, Variables variables)
    {
        foreach (var (path, value, command) in Commands(root, "postAttachCommand", variables))
        {
            var terminal = command is ["/bin/sh", "-c", var line] && !line.Any(char.IsControl) ? new RecipeTerminal { Run = line } : new RecipeTerminal { Command = command };
            Add(value, path, recipe with { Terminals = [.. recipe.Terminals, terminal] });
        }
    }

    /// <summary>A command is a line for the shell, an argv, or an object of several of them.</summary>
    private IEnumerable<(string Path, LocatedValue Value, IReadOnlyList<string> Command)> Commands(LocatedValue root, string field, Variables variables)
    {
        if (root[field] is not { } part)
        {
            yield break;
        }

        if (part.Members.Count > 1)
        {
            log.Advice(file, part.Line, "the commands run one after the other", field, part.Column);
        }

        foreach (var (path, value) in part.Kind == JsonValueKind.Object ? part.Members.Select(member => ($"{field}.{member.Key}", member.Value)) : [(field, part)])
        {
            string? missing = null;
            var command = value.Kind == JsonValueKind.Array
                ? [.. value.Items.Select(word => Replaced(word.Text ?? ""))]
                : value.Value is { } line ? (IReadOnlyList<string>)["/bin/sh", "-c", variables.Replace(line, out missing, forShell: true)] : [];
            if (missing is not null)
            {
                Unsupported(value, path, $"{missing} has no value");
            }

            if (command.Count > 0)
            {
                yield return (path, value, command);
            }

            string Replaced(string word)
            {
                var replaced = variables.Replace(word, out var none);
                missing ??= none;
                return replaced;
            }
        }
    }

    private void NameImageParts(LocatedValue root)
    {
        foreach (var field in Lifecycle.Concat(["postAttachCommand", "remoteUser", "containerUser"]))
        {
            if (root[field] is { } part)
            {
                Unsupported(part, field, "is left out: it belongs to the image that is missing");
            }
        }
    }

    private void ReadPorts(LocatedValue root)
    {
        var forwarded = root["forwardPorts"]?.Items.Select((item, at) => ($"forwardPorts[{at}]", item)) ?? [];
        var published = root["appPort"] switch
        {
            null => [],
            { Kind: JsonValueKind.Array } list => list.Items.Select((item, at) => ($"appPort[{at}]", item)),
            var one => [("appPort", one)],
        };
        foreach (var (path, part) in forwarded.Concat(published))
        {
            // "db:5432" is a port of another service in forwardPorts; "8000:8010" maps one of the host in appPort.
            var words = (part.Value ?? "").Split(':');
            var isOwn = words.Length == 1 || path.StartsWith("appPort", StringComparison.Ordinal) || words[0] is "localhost" or "127.0.0.1";
            if (!isOwn && compose is not null && words.Length == 2 && DevContainerCompose.IsName(words[0]) && int.TryParse(words[1], NumberStyles.None, CultureInfo.InvariantCulture, out var other) && other is > 0 and < 65536)
            {
                compose = compose with { Ports = [.. compose.Ports, (words[0], other)] };
            }
            else if (!isOwn || !int.TryParse(words[^1].Split('/')[0], NumberStyles.None, CultureInfo.InvariantCulture, out var port))
            {
                Unsupported(part, path, isOwn ? "is not a port" : "is a port of another host");
            }
            else if (!Node.Ports.Any(known => known.Port == port))
            {
                var label = root["portsAttributes"]?[port.ToString(CultureInfo.InvariantCulture)]?.ValueOf("label");
                if (!IsValid(With(Node with { Ports = [new RecipePort { Port = port, Name = label }] })))
                {
                    label = null;
                }

                Add(part, path, With(Node with { Ports = [.. Node.Ports, new RecipePort { Port = port, Name = label }] }));
            }
        }
    }

    /// <summary>A secret that the author recommends is a parameter here.</summary>
    private void ReadSecrets(LocatedValue root)
    {
        foreach (var (key, value) in root["secrets"]?.Members ?? new Dictionary<string, LocatedValue>(StringComparer.Ordinal))
        {
            var help = value.ValueOf("description")?.Trim();
            Add(value, $"secrets.{key}", recipe with
            {
                Parameters = [.. recipe.Parameters, new RecipeParameter { Name = key, IsSecret = true, Help = help?.Length > ParameterRules.MaxHelpLength ? help[..ParameterRules.MaxHelpLength] : help }],
            });
        }
    }

    /// <summary>Names every part that is not in the recipe.</summary>
    private void NameOthers(LocatedValue root)
    {
        foreach (var (field, part) in root.Members)
        {
            switch (field)
            {
                case "initializeCommand":
                    Refused(part, field, "would run on the host");
                    break;
                case "privileged" when !part.IsTrue:
                    break;
                case "privileged":
                    Refused(part, field, "a sandbox gains no privileges");
                    break;
                case "capAdd" or "securityOpt":
                    Each(part, field, (item, path) => Refused(item, path, $"{item.Value}: a sandbox gains no privileges"));
                    break;
                case "runArgs":
                    Each(part, field, (item, path) => Refused(item, path, $"{item.Value}: options of docker run are not used"));
                    break;
                case "mounts":
                    Each(part, field, (item, path) => Refused(item, path, $"{item.Value ?? item.ValueOf("source")}: nothing is mounted into a sandbox"));
                    break;
                case "workspaceMount":
                    Refused(part, field, "nothing is mounted into a sandbox; the repository is cloned");
                    break;
                case "features":
                    foreach (var (feature, value) in part.Members)
                    {
                        Unsupported(value, $"features.{feature}", "features are not installed");
                    }

                    break;
                case var other when WithoutEffect.TryGetValue(other, out var reason):
                    log.Advice(file, part.Line, $"has no effect: {reason}", field, part.Column);
                    break;
                case var other when !Known.Contains(other):
                    Unsupported(part, field, "is an unknown field");
                    break;
            }
        }
    }

    private static void Each(LocatedValue part, string field, Action<LocatedValue, string> act)
    {
        if (part.Kind != JsonValueKind.Array)
        {
            act(part, field);
        }

        for (var at = 0; at < part.Items.Count; at++)
        {
            act(part.Items[at], $"{field}[{at}]");
        }
    }

    private Recipe With(RecipeNode node) => recipe with { Nodes = [node] };

    private static bool IsValid(Recipe recipe) => RecipeRules.Validate(recipe).Count == 0;

    private bool Add(LocatedValue part, string field, Recipe next)
    {
        if (RecipeRules.Validate(next) is [var mistake, ..])
        {
            Unsupported(part, field, $"is left out: {mistake.Split(": ", 2)[^1]}");
            return false;
        }

        recipe = next;
        return true;
    }

    private void Refused(LocatedValue part, string field, string what) => log.Refused(file, part.Line, what, field, part.Column);

    private void Unsupported(LocatedValue part, string field, string what) => log.Unsupported(file, part.Line, what, field, part.Column);
}
