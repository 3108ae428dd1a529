using CsCheck;
using Sandbox.Core.Recipes;
using Sandbox.Recipes.DevContainers;
using Sandbox.Recipes.Problems;
using Xunit;

namespace Sandbox.Recipes.Tests;

public sealed class DevContainerTests
{
    private const string Full = """
        // For format details, see https://aka.ms/devcontainer.json
        {
          "name": "App",
          "image": "mcr.microsoft.com/devcontainers/python:3",
          "workspaceFolder": "/src/${localWorkspaceFolderBasename}",
          "containerEnv": { "BASE": "/opt" },
          "remoteEnv": { "TOOLS": "${containerEnv:BASE}/bin", "HOST": "${localEnv:HOSTNAME:none}", "SECRET": "${localEnv:SECRET}", "PATH": "${containerEnv:PATH}:/opt", "GONE": null },
          "containerUser": "root", "remoteUser": "vscode",
          "postAttachCommand": { "server": "python -m http.server 8000", "shell": ["bash", "-l"] },
          "postStartCommand": "echo ${containerEnv:BASE} $HOME ${USER}",
          "postCreateCommand": ["pip", "install", "-r", "${containerWorkspaceFolder}/requirements.txt"],
          "updateContentCommand": { "a": "make a", "b": ["make", "b"] },
          "onCreateCommand": "apt-get update",
          "forwardPorts": [8000, "9000", "localhost:9001", "db:5432", 70000],
          "portsAttributes": { "8000": { "label": "Site" } },
          "appPort": "8080:80",
          "secrets": { "API_KEY": { "description": "The key of the API" } },
          "features": { "ghcr.io/devcontainers/features/node:1": {} },
          "customizations": { "vscode": {} },
          "initializeCommand": "docker system prune -f -a",
          "privileged": true,
          "init": true,
          "capAdd": ["SYS_PTRACE"],
          "securityOpt": ["seccomp=unconfined"],
          "mounts": ["source=/,target=/host,type=bind", { "source": "/var/run/docker.sock", "target": "/var/run/docker.sock", "type": "bind" }],
          "workspaceMount": "source=${localWorkspaceFolder},target=/workspace,type=bind",
          "runArgs": ["--gpus", "all", "--network=host"],
          "colour": "red",
        }
        """;

    public static TheoryData<string> Samples => [.. Directory.EnumerateFiles(Path.Combine(AppContext.BaseDirectory, "Samples", "devcontainers")).Select(file => Path.GetFileName(file))];

    [Fact]
    public void Image_environment_user_folder_commands_ports_and_secrets_are_used()
    {
        var container = Read(Full);
        var node = container.Recipe.Nodes[0];

        Assert.Equal(("App", "mcr.microsoft.com/devcontainers/python:3", null, "/src/app"), (container.Title, container.Image, container.Build, container.WorkspaceFolder));
        Assert.Equal(("mcr.microsoft.com/devcontainers/python:3", "vscode", "/src/app"), (node.Image, node.User, node.Workdir));
        Assert.Equal(new Dictionary<string, string> { ["BASE"] = "/opt", ["TOOLS"] = "/opt/bin", ["HOST"] = "none" }, node.Env);
        Assert.Equal(
            [
                ["/bin/sh", "-c", "apt-get update"], ["/bin/sh", "-c", "make a"], ["make", "b"], ["pip", "install", "-r", "/src/app/requirements.txt"],
                ["/bin/sh", "-c", "echo ${BASE} $HOME ${USER}"],
            ],
            node.Setup);
        Assert.Equal(["python -m http.server 8000", null], container.Recipe.Terminals.Select(terminal => terminal.Run));
        Assert.Equal(["bash", "-l"], container.Recipe.Terminals[1].Command);
        Assert.Equal([(8000, "Site"), (9000, null), (9001, null), (80, null)], node.Ports.Select(port => (port.Port, port.Name)));
        Assert.Equal(("API_KEY", true, "The key of the API"), container.Recipe.Parameters.Select(parameter => (parameter.Name, parameter.IsSecret, parameter.Help)).Single());
        Assert.Empty(RecipeRules.Validate(container.Recipe));
    }

    [Fact]
    public void Host_commands_privileges_and_mounts_are_refused_with_their_line()
    {
        var refused = Read(Full).Problems.Where(problem => problem.Kind == ProblemKind.Refused).ToList();

        Assert.Equal(
            [
                (20, "initializeCommand"), (21, "privileged"), (23, "capAdd[0]"), (24, "securityOpt[0]"), (25, "mounts[0]"), (25, "mounts[1]"), (26, "workspaceMount"),
                (27, "runArgs[0]"), (27, "runArgs[1]"), (27, "runArgs[2]"),
            ],
            refused.Select(problem => (problem.Line, problem.Field!)));
        Assert.Contains("/var/run/docker.sock", refused[5].What, StringComparison.Ordinal);
    }

    [Fact]
    public void Unsupported_parts_are_named_with_their_line() =>
        Assert.Equal(
            [
                (7, "remoteEnv.SECRET"), (7, "remoteEnv.PATH"), (7, "remoteEnv.GONE"), (14, "forwardPorts[3]"), (14, "forwardPorts[4]"),
                (18, "features.ghcr.io/devcontainers/features/node:1"), (28, "colour"),
            ],
            Read(Full).Problems.Where(problem => problem.Kind == ProblemKind.Unsupported).Select(problem => (problem.Line, problem.Field!)));

    [Theory]
    [InlineData("""{ "build": { "dockerfile": "../docker/Dockerfile", "context": "..", "target": "dev", "args": { "NAME": "${localWorkspaceFolderBasename}" } }, "remoteUser": "vscode", "postCreateCommand": "make", "forwardPorts": [80] }""", "docker/Dockerfile", null, "dev", "app")]
    [InlineData("""{ "build": { "dockerfile": "Dockerfile" }, "remoteUser": "vscode", "postCreateCommand": "make", "forwardPorts": [80] }""", ".devcontainer/Dockerfile", ".devcontainer", null, null)]
    [InlineData("""{ "dockerFile": "./a/Dockerfile", "context": "a", "remoteUser": "vscode", "postCreateCommand": "make", "forwardPorts": [80] }""", ".devcontainer/a/Dockerfile", ".devcontainer/a", null, null)]
    public void Dockerfile_makes_the_image_and_its_user_and_commands_stay(string json, string file, string? context, string? target, string? name)
    {
        var container = DevContainer.Read(json, ".devcontainer/devcontainer.json", "app", "debian");

        Assert.Equal((file, context, target, name), (container.Build!.Dockerfile, container.Build.Context, container.Build.Target, container.Build.Args.GetValueOrDefault("NAME")));
        Assert.Null(container.Image);
        var node = container.Recipe.Nodes[0];
        Assert.Equal(("vscode", 80), (node.User, node.Ports[0].Port));
        Assert.Equal(["/bin/sh", "-c", "make"], Assert.Single(node.Setup));
        Assert.Empty(container.Problems);
    }

    [Theory]
    [InlineData("""{ "build": { "dockerfile": "../../Dockerfile" } }""", "the Dockerfile is not in the repository")]
    [InlineData("""{ "build": { "dockerfile": "/etc/Dockerfile" } }""", "the Dockerfile is not in the repository")]
    [InlineData("""{ "build": { "dockerfile": "Dockerfile", "context": "../.." } }""", "the context is not in the repository")]
    [InlineData("""{ "build": { "context": "." } }""", "it names no Dockerfile")]
    [InlineData("""{ "build": { "dockerfile": "Dockerfile", "target": "a b" } }""", "the name or the number of a stage")]
    [InlineData("""{ "build": { "dockerfile": "${containerEnv:X}" } }""", "has no value")]
    public void Build_that_cannot_be_used_is_named(string json, string words)
    {
        var container = DevContainer.Read(json, ".devcontainer/devcontainer.json", "app", "debian");

        Assert.Null(container.Build);
        Assert.Equal("debian", container.Recipe.Nodes[0].Image);
        Assert.Contains(container.Problems, problem => problem.What.Contains(words, StringComparison.Ordinal) && problem.What.Contains("debian is started instead", StringComparison.Ordinal));
    }

    [Fact]
    public void A_variable_in_a_variable_does_not_fill_the_memory()
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        var json = $$"""{ "image": "debian", "containerEnv": { "A": "{{new string('x', 60_000)}}", "B": "{{string.Concat(Enumerable.Repeat("${containerEnv:A}", 10_000))}}" } }""";

        Assert.Contains(DevContainer.Read(json, "devcontainer.json", "app", "debian").Problems, problem => problem.Field == "containerEnv.B");
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 64 << 20);
    }

    [Fact]
    public void Options_of_docker_build_are_refused()
    {
        var container = DevContainer.Read("""{ "build": { "dockerfile": "Dockerfile", "options": ["--network=host"], "cacheFrom": "x" } }""", "devcontainer.json", "app", "debian");

        Assert.NotNull(container.Build);
        Assert.Equal([(ProblemKind.Refused, "build.options"), (ProblemKind.Advice, "build.cacheFrom")], container.Problems.Select(problem => (problem.Kind, problem.Field!)));
    }

    [Fact]
    public void Compose_files_and_their_service_are_read_with_commands_and_ports()
    {
        var container = DevContainer.Read("""{ "dockerComposeFile": ["../a.yml", "b.yml"], "service": "app", "runServices": ["db"], "remoteUser": "vscode", "postCreateCommand": "make", "forwardPorts": [80, "db:5432"] }""", ".devcontainer/devcontainer.json", "app", "debian");

        Assert.Equal("a.yml .devcontainer/b.yml app db (db, 5432)", $"{string.Join(' ', container.Compose!.Files)} {container.Compose.Service} {string.Join(' ', container.Compose.Others)} {string.Join(' ', container.Compose.Ports)}");
        Assert.Equal(("vscode", 80, "make", false), (container.Recipe.Nodes[0].User, Assert.Single(container.Recipe.Nodes[0].Ports).Port, Assert.Single(container.Recipe.Nodes[0].Setup)[2], container.HasWorkspaceFolder));
        Assert.Empty(container.Problems);
    }

    [Theory]
    [InlineData("""{ "dockerComposeFile": [], "service": "app" }""", "1 to 8 compose files")]
    [InlineData("""{ "dockerComposeFile": "../../a.yml", "service": "app" }""", "a compose file is not in the repository")]
    [InlineData("""{ "dockerComposeFile": "/etc/a.yml", "service": "app" }""", "a compose file is not in the repository")]
    [InlineData("""{ "dockerComposeFile": "a.yml" }""", "there is no service")]
    [InlineData("""{ "dockerComposeFile": "a.yml", "service": "-x" }""", "there is no service")]
    public void Compose_file_that_cannot_be_used_starts_the_default_image_without_its_commands(string json, string why)
    {
        var container = Read(json.Replace("}", ", \"postCreateCommand\": \"make\", \"remoteUser\": \"dev\" }", StringComparison.Ordinal));

        Assert.Null(container.Compose);
        Assert.Equal(("debian", null, 0), (container.Recipe.Nodes[0].Image, container.Recipe.Nodes[0].User, container.Recipe.Nodes[0].Setup.Count));
        Assert.Contains(container.Problems, problem => problem.What.StartsWith(why, StringComparison.Ordinal) && problem.What.EndsWith(": debian is started instead", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("")]
    [InlineData("junk { \"image\": \"a\" }")]
    [InlineData("[]")]
    [InlineData("{ \"image\": ")]
    [InlineData("{ \"image\": [1], \"containerEnv\": 1, \"remoteUser\": {}, \"postCreateCommand\": 5, \"forwardPorts\": 80, \"secrets\": [], \"features\": 1, \"mounts\": 1, \"workspaceFolder\": 7 }")]
    [InlineData("{ \"image\": \"a b\", \"remoteUser\": \"a b\", \"workspaceFolder\": \"/proc/x\", \"postCreateCommand\": {\"a\": null, \"b\": []}, \"containerEnv\": {\"1A\": \"x\"} }")]
    public void Text_that_cannot_be_used_opens_the_default_image_and_is_named(string json)
    {
        var container = Read(json);

        Assert.Equal("debian", container.Recipe.Nodes[0].Image);
        Assert.NotEmpty(container.Problems);
        Assert.Empty(RecipeRules.Validate(container.Recipe));
    }

    [Theory]
    [MemberData(nameof(Samples))]
    public void Sample_becomes_a_valid_recipe_and_names_what_it_leaves_out(string name)
    {
        var text = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Samples", "devcontainers", name));
        var container = Read(text);

        Assert.Empty(RecipeRules.Validate(container.Recipe));
        Assert.DoesNotContain(container.Problems, problem => problem.What.Contains("cannot be read", StringComparison.Ordinal) || problem.What.Contains("unknown", StringComparison.Ordinal));
        Assert.All(container.Problems, problem => Assert.True(problem.Line > 0 && problem.Line <= text.Split('\n').Length && problem.Field is not null));
        Assert.Equal(container is { Image: null, Build: null, Compose: null }, container.Problems.Any(problem => problem.What.Contains("is started instead", StringComparison.Ordinal)));
    }

    [Fact]
    public void Whatever_the_text_is_the_recipe_is_valid_and_every_problem_has_a_place()
    {
        string[] names = ["image", "build", "workspaceFolder", "containerEnv", "remoteEnv", "remoteUser", "postCreateCommand", "postAttachCommand", "forwardPorts", "appPort", "portsAttributes", "secrets", "mounts", "runArgs", "features", "capAdd", "x"];
        string[] values =
        [
            "null", "true", "0", "-1", "80", "\"\"", "\"a\"", "\"a b\"", "\"/a/..\"", "\"/\"", "\"//\"", "\"${containerEnv:A}\"", "\"${localEnv:A:${containerEnv:B}}\"", "[]", "[\"a\", 1, null, {}]", "{}", "{\"A\": \"b\", \"\": 1, \"C\": [\"d\"], \"80\": {\"label\": \"\\n\"}}",
            "\"\\u0000\"", "\"a\\nb\"",
        ];
        Gen.Select(Gen.Int[0, names.Length - 1], Gen.Int[0, values.Length - 1]).Array[0, 12].Sample(
            members =>
            {
                var json = "{" + string.Join(",\n", members.Select(member => $"\"{names[member.Item1]}\": {values[member.Item2]}")) + "}";
                var container = Read(json);
                Assert.Empty(RecipeRules.Validate(container.Recipe));
                Assert.All(container.Problems, problem => Assert.True(problem is { Line: > 0, Column: > 0, What.Length: > 0 }));
            },
            iter: 5000);
    }

    private static DevContainer Read(string json) => DevContainer.Read(json, ".devcontainer/devcontainer.json", "app", "debian");
}
