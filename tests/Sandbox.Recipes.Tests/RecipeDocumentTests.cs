using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Json.Schema;
using Sandbox.Core.Networks;
using Sandbox.Core.Recipes;
using Sandbox.Recipes.Documents;
using Sandbox.Recipes.Problems;
using Xunit;

namespace Sandbox.Recipes.Tests;

public sealed class RecipeDocumentTests
{
    private static readonly JsonSchema Schema = JsonSchema.FromText(RecipeDocument.Schema);

    public static TheoryData<string> Samples => [.. Directory.EnumerateFiles(Path.Combine(AppContext.BaseDirectory, "Samples", "recipes")).Select(file => Path.GetFileName(file))];

    [Fact]
    public void Short_forms_become_the_fields_of_one_node()
    {
        var recipe = Sample("short.yaml").Recipe!;
        var node = Assert.Single(recipe.Nodes);

        Assert.Equal(("main", "debian", "1000", "/srv"), (node.Name, node.Image, node.User, node.Workdir));
        Assert.Equal((NetworkPolicy.None, "container"), (node.Network, node.Isolation));
        Assert.Equal(new Dictionary<string, string> { ["GREETING"] = "hello", ["COUNT"] = "3", ["EMPTY"] = "" }, node.Env);
        Assert.Equal([("/srv/run.sh", "0755", "#!/bin/sh\necho \"$GREETING\"\n"), ("/srv/key", "600", null)], node.Files.Select(file => (file.Path, file.Mode!, file.Text)));
        Assert.Equal([["/bin/sh", "-c", "apt-get update && apt-get install -y cowsay"], ["chmod", "600", "/srv/key"]], node.Setup);
        Assert.Equal([(8080, null), (9090, "Metrics")], node.Ports.Select(port => (port.Port, port.Name)));
        Assert.Equal(new RecipeResources { CpuPercent = 50, MemoryMiB = 256 }, node.Resources);
        Assert.Equal([new RecipeRepository { Url = "https://git.example/team/app", Ref = "v1.2", Path = "/srv/app" }], node.Repositories);
        Assert.Equal([("WORD", RecipeParameterType.Choice, "42", false, false), ("TOKEN", RecipeParameterType.Text, null, true, true)], recipe.Parameters.Select(parameter => (parameter.Name, parameter.Type, parameter.Default, parameter.IsSecret, parameter.IsRequired)));
        Assert.Equal(["/srv/run.sh", null, null, "make test"], recipe.Terminals.Select(terminal => terminal.Run));
        Assert.Equal([[], ["top"], ["/bin/sh", "-c", "tail -f /var/log/*.log"], []], recipe.Terminals.Select(terminal => terminal.Command));
    }

    [Fact]
    public void Canonical_json_is_a_document()
    {
        var bytes = RecipeJson.Write(Sample("short.yaml").Recipe!);
        var again = RecipeDocument.Read(bytes, "recipe.json");

        Assert.Empty(again.Problems);
        Assert.Equal(bytes, RecipeJson.Write(again.Recipe!));
        Assert.True(IsValid(JsonNode.Parse(bytes)!));
    }

    [Theory]
    [MemberData(nameof(Samples))]
    public void Sample_is_read_and_valid_by_the_schema(string name)
    {
        Assert.Empty(Sample(name).Problems);
        Assert.True(IsValid(Json(Text(name), name)));
    }

    [Theory]
    [InlineData("nodes: []")]
    [InlineData("nodes: [{image: a, name: a}, {image: a, name: b}, {image: a, name: c}, {image: a, name: d}, {image: a, name: e}, {image: a, name: f}]")]
    [InlineData("nodes: [{name: a}]")]
    [InlineData("{nodes: [{image: a}], image: a}")]
    [InlineData("{image: a, colour: red}")]
    [InlineData("{image: a, ports: [0]}")]
    [InlineData("{image: a, ports: [{port: 1, label: x}]}")]
    [InlineData("{image: a, files: [{path: /a}]}")]
    [InlineData("{image: a, files: [{path: /a, text: x, base64: AA==}]}")]
    [InlineData("{image: a, setup: [{run: x}]}")]
    [InlineData("{image: a, resources: {}}")]
    [InlineData("{image: a, parameters: [{name: 1A}]}")]
    [InlineData("{image: a, parameters: [{name: A, type: colour}]}")]
    [InlineData("{image: a, terminals: [{command: x, run: y}]}")]
    [InlineData("{image: a, repositories: [{url: 'http://a/b', path: /a}]}")]
    [InlineData("{image: a, network: lan}")]
    [InlineData("{image: a, domains: ['*.a.example']}")]
    [InlineData("{image: a, domains: [localhost]}")]
    [InlineData("{image: a, domains: [10.0.0.1]}")]
    [InlineData("{image: a, network: none, domains: [a.example]}")]
    [InlineData("{image: a, isolation: A}")]
    [InlineData("{image: a, version: 2}")]
    public void Schema_and_reader_refuse_the_same(string yaml)
    {
        Assert.Null(Read(yaml).Recipe);
        Assert.False(IsValid(Json(yaml, "a.yaml")));
    }

    [Fact]
    public void Every_mistake_is_named_at_once_with_line_column_and_field()
    {
        var reading = Read("""
            image: ""
            colour: red
            env:
              1A: x
              B: [list]
            workdir: srv
            files:
              - text
              - path: relative
                text: x
                mode: rwx
            setup:
              - run: x
              - [a, {b: c}]
            ports: [80, 80, http, {port: 1, label: x}]
            resources: {cpuPercent: half}
            domains: [github.com, "*.example.org"]
            repositories:
              - url: git://git.example/a
              - {url: https://user:word@git.example/a, ref: --upload-pack=x, path: /a}
            parameters:
              - title: No name
              - {name: A, secret: true, default: x, required: maybe}
              - {name: C, type: colour}
            terminals:
              - {node: other}
              - 1
            """);

        Assert.Null(reading.Recipe);
        Assert.Equal(
            [
                "1:8 image", "2:9 colour", "4:3 env", "5:6 env.B", "6:10 workdir", "8:5 files[0]", "9:11 files[1].path", "11:11 files[1].mode",
                "13:5 setup[0]", "14:9 setup[1][1]", "15:13 ports[1].port", "15:17 ports[2].port", "15:40 ports[3].label", "16:25 resources.cpuPercent", "17:23 domains[1]", "19:5 repositories[0].path", "19:10 repositories[0].url",
                "20:11 repositories[1].url", "20:49 repositories[1].ref", "22:5 parameters[0].name", "23:38 parameters[1].default", "23:51 parameters[1].required", "24:21 parameters[2].type", "26:12 terminals[0].node",
            ],
            reading.Problems.Select(problem => $"{problem.Line}:{problem.Column} {problem.Field}"));
        Assert.All(reading.Problems, problem => Assert.Equal(("recipe.yaml", ProblemKind.Mistake), (problem.File, problem.Kind)));
    }

    [Fact]
    public void Mistake_in_a_list_of_nodes_has_the_path_of_the_canonical_form()
    {
        var problem = Assert.Single(RecipeDocument.Read("{\n  \"nodes\": [\n    {\"image\": \"é\", \"user\": \"a b\"}\n  ]\n}"u8, "a.json").Problems);

        Assert.Equal(("nodes[0].user", 3, 28), (problem.Field, problem.Line, problem.Column));
    }

    [Fact]
    public void Network_and_domains_are_read()
    {
        var node = Assert.Single(Read("image: a\nnetwork: egress\ndomains:\n  - github.com\n  - git.example:22\n").Recipe!.Nodes);
        Assert.Equal(["github.com", "git.example:22"], node.Domains);
        Assert.True(IsValid(Json("{image: a, domains: [github.com, 'git.example:22']}", "a.yaml")));
        Assert.Equal(NetworkPolicy.Playground, Assert.Single(Read("{image: a, network: playground}").Recipe!.Nodes).Network);

        var problem = Assert.Single(Read("image: a\nnetwork: none\ndomains: [github.com]\n").Problems);
        Assert.Equal((3, 10, "domains"), (problem.Line, problem.Column, problem.Field));
    }

    [Fact]
    public void Image_may_be_missing_where_there_is_a_default()
    {
        Assert.Equal("debian", RecipeDocument.Read("ports: [80]"u8, "sandbox.yaml", "debian").Recipe!.Nodes[0].Image);
        Assert.Equal("image: is missing", Assert.Single(Read("ports: [80]").Problems) is { } problem ? $"{problem.Field}: {problem.What}" : null);
    }

    [Theory]
    [InlineData("", 1, 1, "a recipe must be a mapping of fields")]
    [InlineData("- a", 1, 1, "a recipe must be a mapping of fields")]
    [InlineData("image: a\nimage: b", 2, 1, "the key image appears twice")]
    [InlineData("image: a\nenv:\n  ? [a]\n  : b", 3, 5, "a key must be a string")]
    [InlineData("image: a\nenv: &a\n  b: *a", 3, 6, "the anchor a is unknown, or contains itself")]
    [InlineData("image: *gone", 1, 8, "the anchor gone is unknown, or contains itself")]
    [InlineData("image: a\n---\nimage: b", 2, 1, "a second document begins; only one is read")]
    [InlineData("image: \"\\ud800\"", 1, 8, null)]
    [InlineData("image: 'a", 1, 8, null)]
    [InlineData("image: {a", 2, 1, null)]
    [InlineData("image: a\nenv:\n\tA: b", 3, 1, null)]
    public void Yaml_that_is_no_recipe_is_one_mistake_with_its_place(string yaml, int line, int column, string? what)
    {
        var problem = Assert.Single(Read(yaml).Problems);

        Assert.Equal((line, column, what ?? problem.What), (problem.Line, problem.Column, problem.What));
    }

    [Theory]
    [InlineData("", 1, 1, null)]
    [InlineData("{\n  \"image\": \"a\",\n  \"image\": \"b\"\n}", 3, 3, "the key image appears twice")]
    [InlineData("{\"env\": {\"é\": \"\\ud800\"}}", 1, 15, "a string holds half a surrogate pair")]
    [InlineData("{\"image\": \"a\"} x", 1, 16, null)]
    [InlineData("[1]", 1, 1, "a recipe must be a mapping of fields")]
    public void Json_that_is_no_recipe_is_one_mistake_with_its_place(string json, int line, int column, string? what)
    {
        var problem = Assert.Single(RecipeDocument.Read(Encoding.UTF8.GetBytes(json), "a.json").Problems);

        Assert.Equal((line, column), (problem.Line, problem.Column));
        Assert.Equal(what ?? problem.What, problem.What);
    }

    [Fact]
    public void Text_that_is_not_utf8_is_named_with_its_line()
    {
        var problem = Assert.Single(RecipeDocument.Read([.. "image: a\nuser: "u8, 0xFF], "a.yaml").Problems);

        Assert.Equal((2, "the document is not UTF-8"), (problem.Line, problem.What));
    }

    [Fact]
    public void Aliases_are_read()
    {
        var recipe = Read("image: a\nsetup: [&s [echo, &w word], *s, [echo, *w]]\n").Recipe!;

        Assert.Equal([["echo", "word"], ["echo", "word"], ["echo", "word"]], recipe.Nodes[0].Setup);
    }

    [Fact]
    public void Build_is_read_and_valid_by_the_schema()
    {
        const string Yaml = """
            nodes:
              - name: web
                build: { url: "https://git.example/team/app", ref: v1, context: app, dockerfile: docker/Dockerfile, target: 2, args: { VERSION: 3, EMPTY: } }
              - name: db
                build:
                  files: [{ path: Dockerfile, text: "FROM debian\n" }, { path: bin/run, text: "x", mode: 755 }]
            """;
        var recipe = Read(Yaml).Recipe!;

        Assert.Equal(("", "v1", "app", "docker/Dockerfile", "2"), (recipe.Nodes[0].Image, recipe.Nodes[0].Build!.Ref, recipe.Nodes[0].Build!.Context, recipe.Nodes[0].Build!.Dockerfile, recipe.Nodes[0].Build!.Target));
        Assert.Equal([("EMPTY", ""), ("VERSION", "3")], recipe.Nodes[0].Build!.Args.Select(arg => (arg.Key, arg.Value)).Order());
        Assert.Equal(["Dockerfile", "bin/run"], recipe.Nodes[1].Build!.Files.Select(file => file.Path));
        Assert.True(IsValid(Json(Yaml, "recipe.yaml")));
        Assert.Equal(RecipeJson.Write(recipe), RecipeJson.Write(RecipeJson.Read(RecipeJson.Write(recipe))));
    }

    [Theory]
    [InlineData("build: {}", "build", "either url or files")]
    [InlineData("image: a\nbuild: { url: https://git.example/a }", "image", "either image or build")]
    [InlineData("build: { url: http://git.example/a }", "build.url", "https")]
    [InlineData("build: { url: https://git.example/a, context: ../b }", "build.context", "without ..")]
    [InlineData("build: { url: https://git.example/a, dockerfile: /etc/passwd }", "build.dockerfile", "relative")]
    [InlineData("build: { url: https://git.example/a, ref: --upload-pack=x }", "build.ref", "a branch")]
    [InlineData("build: { files: [{ path: ../x, text: a }] }", "build.files[0].path", "without ..")]
    [InlineData("build: { files: [{ path: x, text: a }, { path: x, text: b }] }", "build.files[1].path", "twice")]
    [InlineData("build: { files: [{ path: x, text: a }], args: { 1x: y } }", "build.args", "names and values")]
    [InlineData("build: { files: [{ path: x, text: a }], cache: yes }", "build.cache", "unknown")]
    public void Mistake_in_a_build_is_named_with_its_field(string yaml, string field, string words)
    {
        var problem = Assert.Single(Read(yaml).Problems);
        Assert.Equal(field, problem.Field);
        Assert.Contains(words, problem.What, StringComparison.Ordinal);
    }

    internal static RecipeReading Read(string yaml) => RecipeDocument.Read(Encoding.UTF8.GetBytes(yaml), "recipe.yaml");

    private static string Text(string sample) => File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Samples", "recipes", sample));

    private static RecipeReading Sample(string name) => RecipeDocument.Read(Encoding.UTF8.GetBytes(Text(name)), name);

    private static bool IsValid(JsonNode written) => Schema.Evaluate(JsonSerializer.SerializeToElement(written), new EvaluationOptions()).IsValid;

    private static JsonNode Json(string text, string name) => Json(
        name.EndsWith("json", StringComparison.Ordinal) ? LocatedJson.Parse(text, out _, out _, out _)! : LocatedYaml.Parse(text, 1, out _, out _, out _)!)!;

    private static JsonNode? Json(LocatedValue value) => value.Kind switch
    {
        JsonValueKind.Object => new JsonObject(value.Members.Select(member => KeyValuePair.Create(member.Key, Json(member.Value)))),
        JsonValueKind.Array => new JsonArray([.. value.Items.Select(Json)]),
        JsonValueKind.True or JsonValueKind.False => JsonValue.Create(value.IsTrue),
        JsonValueKind.Number => JsonNode.Parse(value.Text!),
        JsonValueKind.Null => null,
        _ => JsonValue.Create(value.Text),
    };
}
