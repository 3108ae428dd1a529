using System.Text;
using Sandbox.Core.Recipes;
using Sandbox.Recipes.Addresses;
using Sandbox.Recipes.Problems;
using Sandbox.Recipes.Repositories;
using Xunit;

namespace Sandbox.Recipes.Tests;

public sealed class RepositoryLayoutTests
{
    private static readonly RepositoryAddress Address = new("https://git.example/team/app", "v1");
    private static readonly RecipeRepository Itself = new() { Url = "https://git.example/team/app", Ref = "v1", Path = "/workspaces/app" };

    [Theory]
    [InlineData("sandbox.yaml", "alpine")]
    [InlineData(".devcontainer/devcontainer.json", "python")]
    [InlineData(".devcontainer.json", "node")]
    [InlineData("compose.yaml", "docker")]
    [InlineData(null, "debian")]
    public async Task Files_are_looked_for_in_order(string? first, string image)
    {
        (string, string)[] files =
        [
            ("sandbox.yaml", "image: alpine"), (".devcontainer/devcontainer.json", """{"image":"python"}"""), (".devcontainer.json", """{"image":"node"}"""), ("compose.yaml", "services: {}"), (null!, ""),
        ];
        var reading = await ReadAsync(Address, [.. files.SkipWhile(file => file.Item1 != first).Where(file => file.Item1 is not null)]);

        Assert.Equal((first, false, image), (reading.File, reading.NeedsBuilds, reading.Recipe!.Nodes[0].Image));
        Assert.Equal([Itself], reading.Recipe.Nodes[0].Repositories);
        Assert.Equal("/workspaces/app", reading.Recipe.Nodes[0].Workdir);
        Assert.Empty(RecipeRules.Validate(reading.Recipe));
    }

    [Theory]
    [InlineData(null, "Dockerfile", null)]
    [InlineData(null, "Containerfile", null)]
    [InlineData("examples/a", "examples/a/Dockerfile", "examples/a")]
    [InlineData("examples/a", "Dockerfile", null)]
    public async Task Dockerfile_makes_the_image(string? folder, string file, string? context)
    {
        var reading = await ReadAsync(Address with { Folder = folder }, (file, "FROM a"), ("compose.yaml", "services: {}"));

        Assert.Equal((file, false), (reading.File, reading.NeedsBuilds));
        var node = Assert.Single(reading.Recipe!.Nodes);
        Assert.Equal(("", Itself.Url, "v1", file, context), (node.Image, node.Build!.Url, node.Build.Ref, node.Build.Dockerfile, node.Build.Context));
        Assert.Empty(node.Repositories);
        Assert.Empty(RecipeRules.Validate(reading.Recipe));
    }

    [Fact]
    public async Task Devcontainer_builds_its_image_of_the_repository()
    {
        var reading = await ReadAsync(Address, (".devcontainer/devcontainer.json", """{"build":{"dockerfile":"Dockerfile","context":".."},"remoteUser":"dev"}"""), ("Dockerfile", "FROM other"));

        var node = reading.Recipe!.Nodes[0];
        Assert.Equal(("", Itself.Url, ".devcontainer/Dockerfile", null, "dev"), (node.Image, node.Build!.Url, node.Build.Dockerfile, node.Build.Context, node.User));
        Assert.Equal([Itself], node.Repositories);
        Assert.Empty(RecipeRules.Validate(reading.Recipe));
    }

    [Fact]
    public async Task Build_of_a_recipe_has_the_repository_itself_as_its_context()
    {
        var own = await ReadAsync(Address, ("sandbox.yaml", "build: { context: ./app/, target: dev }\n"));
        var other = await ReadAsync(Address, ("sandbox.yaml", "build: { url: https://git.example/other }\n"));

        Assert.Equal((Itself.Url, "v1", "app", "dev"), (own.Recipe!.Nodes[0].Build!.Url, own.Recipe.Nodes[0].Build!.Ref, own.Recipe.Nodes[0].Build!.Context, own.Recipe.Nodes[0].Build!.Target));
        Assert.Equal(("https://git.example/other", null), (other.Recipe!.Nodes[0].Build!.Url, other.Recipe.Nodes[0].Build!.Ref));
    }

    [Fact]
    public async Task Services_of_a_compose_file_that_are_images_here_become_nodes()
    {
        var reading = await ReadAsync(Address, ("docker-compose.yml", "services: { web: { image: nginx, ports: ['8080:80'] }, db: { image: postgres, environment: [POSTGRES_PASSWORD=a=b] } }"));

        Assert.Equal(["web nginx 80 ", "db postgres  a=b"], reading.Recipe!.Nodes.Select(node => $"{node.Name} {node.Image} {string.Join(' ', node.Ports.Select(port => port.Port))} {node.Env.GetValueOrDefault("POSTGRES_PASSWORD")}"));
        Assert.Empty(reading.Problems);
        Assert.All(reading.Recipe.Nodes, node => Assert.Empty(node.Repositories));
    }

    [Theory]
    [InlineData("", "compose.yml", "docker compose up")]
    [InlineData("a/", "docker-compose.yaml", "docker compose up")]
    [InlineData("a/", "it's.yml", @"docker compose -f 'it'\''s.yml' up")]
    public async Task Compose_file_that_needs_Docker_is_started_by_it_in_its_folder(string folder, string name, string command)
    {
        var address = Address with { Folder = folder.Length == 0 ? null : folder.TrimEnd('/'), Stack = name[0] == 'i' ? folder + name : null };
        var reading = await ReadAsync(address, (folder + name, "services:\n  web:\n    build: .\n"));

        Assert.Equal($"{folder}{name}:3:12: services.web.build: nodes start images of the catalog and build none: docker compose up starts the services in the image docker", Assert.Single(reading.Problems).ToString());
        Assert.Equal((folder + name, false, "docker", ("/workspaces/app/" + folder).TrimEnd('/')), (reading.File, reading.NeedsBuilds, reading.Recipe!.Nodes[0].Image, reading.Recipe.Nodes[0].Workdir));
        Assert.Equal(command, Assert.Single(reading.Recipe.Terminals).Run);
        Assert.Empty(RecipeRules.Validate(reading.Recipe));
    }

    [Fact]
    public async Task Service_of_a_dev_container_is_the_first_node_with_its_folder_commands_and_ports()
    {
        var reading = await ReadAsync(
            Address,
            (".devcontainer/devcontainer.json", """{ "dockerComposeFile": "../compose.yaml", "service": "app", "workspaceFolder": "/work", "forwardPorts": [3000, "db:5432"], "postCreateCommand": "make", "remoteEnv": {"A": "dev", "B": "b"} }"""),
            ("compose.yaml", "services: { db: { image: postgres }, app: { image: node, environment: {A: compose}, ports: ['3000:3000', '81:80'] } }"));

        Assert.Empty(reading.Problems);
        Assert.Equal(["app node 3000 80", "db postgres 5432"], reading.Recipe!.Nodes.Select(node => $"{node.Name} {node.Image} {string.Join(' ', node.Ports.Select(port => port.Port))}"));
        var app = reading.Recipe.Nodes[0];
        Assert.Equal(("/work", "/work", "make", "compose", "b"), (app.Workdir, Assert.Single(app.Repositories).Path, Assert.Single(app.Setup)[2], app.Env["A"], app.Env["B"]));
        Assert.Empty(reading.Recipe.Nodes[1].Setup);
        Assert.Empty(RecipeRules.Validate(reading.Recipe));
    }

    /// <summary>As the templates of others are written.</summary>
    [Fact]
    public async Task Service_of_a_dev_container_that_needs_Docker_is_entered_there()
    {
        var reading = await ReadAsync(
            Address,
            (".devcontainer/devcontainer.json", """{ "dockerComposeFile": "docker-compose.yml", "service": "app", "workspaceFolder": "/workspaces/${localWorkspaceFolderBasename}", "remoteUser": "dev", "forwardPorts": [3000, "db:5432", 8080], "postCreateCommand": "it's", "postAttachCommand": "top" }"""),
            (".devcontainer/docker-compose.yml", "services:\n  app:\n    build: .\n    command: sleep infinity\n    network_mode: service:db\n  db:\n    image: postgres\n    ports: ['8080:80']\n"));

        Assert.Equal(".devcontainer/docker-compose.yml:3:12: services.app.build: nodes start images of the catalog and build none: Docker starts the services in the image docker", Assert.Single(reading.Problems).ToString());
        var node = Assert.Single(reading.Recipe!.Nodes);
        const string Files = "docker compose -f /workspaces/app/.devcontainer/docker-compose.yml -f /root/devcontainer-ports.yaml";
        Assert.Equal(("docker", "/workspaces/app", Itself), (node.Image, node.Workdir, Assert.Single(node.Repositories)));
        Assert.Equal("services:\n  db:\n    ports: [\"3000:3000\", \"5432:5432\"]\n", Assert.Single(node.Files).Text);
        Assert.Equal([$"{Files} up -d", $"{Files} exec -w /workspaces/app -u dev -T app /bin/sh -c it's"], node.Setup.Select(line => string.Join(' ', line)));
        Assert.Equal(
            [$"{Files} exec -w /workspaces/app -u dev app sh -c '[ -x /bin/bash ] && exec bash; exec sh'", $"{Files} exec -w /workspaces/app -u dev app sh -c top"],
            reading.Recipe.Terminals.Select(terminal => terminal.Run!));
        Assert.Empty(RecipeRules.Validate(reading.Recipe));
    }

    [Theory]
    [InlineData("services: { other: { build: . } }", true, "compose.yaml has no service app: debian is started instead")]
    [InlineData(null, true, "the repository has no file compose.yaml, or it has more than 2 MiB: debian is started instead")]
    [InlineData("services: { app: { build: . } }", false, "build none: that needs the image docker, which is not offered here, so debian is started instead")]
    public async Task Service_of_a_dev_container_that_cannot_be_started_leaves_the_default_image(string? compose, bool hasDocker, string why)
    {
        var reading = await RepositoryLayout.ReadAsync(
            Address,
            (path, _) => Task.FromResult(path == ".devcontainer.json" ? """{ "dockerComposeFile": "compose.yaml", "service": "app", "postCreateCommand": "make" }"""u8.ToArray() : path == "compose.yaml" && compose is not null ? Encoding.UTF8.GetBytes(compose) : null),
            "debian",
            image => image == "docker" && !hasDocker ? null : image,
            TestContext.Current.CancellationToken);

        Assert.Contains(reading.Problems, problem => problem.What.EndsWith(why, StringComparison.Ordinal));
        Assert.Equal((!hasDocker, "debian", 0), (reading.NeedsBuilds, reading.Recipe!.Nodes[0].Image, reading.Recipe.Nodes[0].Setup.Count));
    }

    [Fact]
    public async Task Compose_file_opens_the_repository_where_Docker_is_not_offered()
    {
        var reading = await RepositoryLayout.ReadAsync(
            Address, (path, _) => Task.FromResult(path == "compose.yaml" ? "services: {}"u8.ToArray() : null), "debian", image => image == "docker" ? null : image, TestContext.Current.CancellationToken);

        Assert.Equal("compose.yaml:1:1: services: there are no services: that needs the image docker, which is not offered here, so debian is started instead", Assert.Single(reading.Problems).ToString());
        Assert.Equal((true, "debian", Itself), (reading.NeedsBuilds, reading.Recipe!.Nodes[0].Image, Assert.Single(reading.Recipe.Nodes[0].Repositories)));
    }

    [Fact]
    public async Task Folder_is_looked_into_before_the_root_and_is_where_the_visitor_starts()
    {
        var address = Address with { Folder = "examples/a" };
        var own = await ReadAsync(address, ("sandbox.yaml", "image: alpine"), ("examples/a/sandbox.yaml", "ports: [80]"));
        var root = await ReadAsync(address, ("sandbox.yaml", "image: alpine"));

        Assert.Equal(("examples/a/sandbox.yaml", "debian", "/workspaces/app/examples/a"), (own.File, own.Recipe!.Nodes[0].Image, own.Recipe.Nodes[0].Workdir));
        Assert.Equal(("sandbox.yaml", "alpine", "/workspaces/app/examples/a"), (root.File, root.Recipe!.Nodes[0].Image, root.Recipe.Nodes[0].Workdir));
    }

    [Fact]
    public async Task Recipe_may_say_where_the_repository_goes_and_where_the_visitor_starts()
    {
        var reading = await ReadAsync(Address, ("sandbox.yaml", """
            image: alpine
            workdir: /srv
            repositories: [{url: "https://git.example/team/app", ref: main, path: /srv/app}, {url: "https://git.example/other", path: /srv/other}]
            """));

        Assert.Equal(("/srv", "/srv/app /srv/other"), (reading.Recipe!.Nodes[0].Workdir, string.Join(' ', reading.Recipe.Nodes[0].Repositories.Select(repository => repository.Path))));
    }

    [Fact]
    public async Task Mistakes_of_a_recipe_are_named_and_nothing_is_started()
    {
        var reading = await ReadAsync(Address, ("sandbox.yaml", "image: alpine\nports: [0]\nuser: a b\n"), ("Dockerfile", "x"));

        Assert.Null(reading.Recipe);
        Assert.Equal([("sandbox.yaml", 2, "ports[0].port"), ("sandbox.yaml", 3, "user")], reading.Problems.Select(problem => (problem.File, problem.Line, problem.Field!)));
    }

    [Fact]
    public async Task Fifth_repository_is_a_mistake()
    {
        var reading = await ReadAsync(Address, ("sandbox.yaml", "repositories:\n" + string.Concat("abcd".Select(letter => $"  - {{url: https://git.example/{letter}, path: /{letter}}}\n"))));

        Assert.Null(reading.Recipe);
        Assert.Equal((ProblemKind.Mistake, "repositories"), reading.Problems.Select(problem => (problem.Kind, problem.Field!)).Single());
    }

    [Fact]
    public async Task Devcontainer_decides_where_the_repository_goes()
    {
        var reading = await ReadAsync(Address, (".devcontainer.json", """{"image":"python","workspaceFolder":"/code","initializeCommand":"rm -rf /"}"""));

        Assert.Equal("/code", Assert.Single(reading.Recipe!.Nodes[0].Repositories).Path);
        Assert.Equal("/code", reading.Recipe.Nodes[0].Workdir);
        Assert.Equal(ProblemKind.Refused, Assert.Single(reading.Problems).Kind);
    }

    [Fact]
    public async Task Large_files_are_refused()
    {
        Assert.Null((await ReadAsync(Address, ("sandbox.yaml", new string('#', (2 << 20) + 1)))).Recipe);
        var container = await ReadAsync(Address, (".devcontainer.json", new string(' ', (2 << 20) + 1)));
        Assert.Equal(("debian", 1), (container.Recipe!.Nodes[0].Image, container.Problems.Count));
    }

    private static Task<RepositoryReading> ReadAsync(RepositoryAddress address, params (string Path, string Text)[] files) => RepositoryLayout.ReadAsync(
        address,
        (path, _) => Task.FromResult(files.Where(file => file.Path == path).Select(file => Encoding.UTF8.GetBytes(file.Text)).FirstOrDefault()),
        "debian",
        cancellationToken: TestContext.Current.CancellationToken);
}
