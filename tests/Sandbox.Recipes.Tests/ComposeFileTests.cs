using Sandbox.Core.Recipes;
using Sandbox.Recipes.Compose;
using Sandbox.Recipes.Problems;
using Xunit;

namespace Sandbox.Recipes.Tests;

public sealed class ComposeFileTests
{
    [Fact]
    public void Service_with_all_that_a_node_can_do()
    {
        var (recipe, problems) = Read("""
            version: "3.8"
            name: shop
            x-common: &common
              restart: unless-stopped
            services:
              db:
                <<: *common
                image: docker.io/library/postgres:${TAG:-16}-alpine
                container_name: shop-db
                user: postgres
                working_dir: /var/lib
                environment:
                  POSTGRES_DB: shop
                  POSTGRES_PASSWORD: pa$$word
                  PORT: 5432
                  UNSET:
                ports: ["127.0.0.1:5432:5432/tcp", "53:53/udp", {target: 9000, published: 90}, 8000-8001]
                volumes: ["data:/var/lib/postgresql/data", "/scratch", {type: volume, source: more, target: /more}]
                networks: [back]
                healthcheck: {test: [CMD, pg_isready]}
              cache:
                <<: *common
                image: redis
                hostname: cache
                environment: [A=1, B=x=y, C]
                depends_on: [db]
            networks: {back: }
            volumes: {data: , more: }
            """);

        Assert.True(recipe is not null, string.Join('\n', problems));
        var (db, cache) = (recipe.Nodes[0], recipe.Nodes[1]);
        Assert.Equal(("db", "postgres", "postgres", "/var/lib"), (db.Name, db.Image, db.User, db.Workdir));
        Assert.Equal("POSTGRES_DB=shop POSTGRES_PASSWORD=pa$word PORT=5432", string.Join(' ', db.Env.Select(each => $"{each.Key}={each.Value}")));
        Assert.Equal([5432, 9000, 8000, 8001], db.Ports.Select(port => port.Port));
        Assert.Equal(("cache", "redis", "1 x=y"), (cache.Name, cache.Image, string.Join(' ', cache.Env.Values)));
        Assert.Empty(RecipeRules.Validate(recipe));
        Assert.Equal("compose.yaml:8:12: services.db.image: postgres of this site is started", Assert.Single(problems));
    }

    [Theory]
    [InlineData("{image: redis, build: .}", "services.a.build: a node has nothing like it")]
    [InlineData("{image: redis, command: redis-server}", "services.a.command: a node has nothing like it")]
    [InlineData("{image: redis, privileged: true}", "services.a.privileged: a node has nothing like it")]
    [InlineData("{image: other/thing}", "services.a.image: other/thing is not an image of this site")]
    [InlineData("{}", "services.a.image: is missing")]
    [InlineData("[]", "services.a: must be a mapping of fields")]
    [InlineData("{image: redis, volumes: ['./data:/data']}", "services.a.volumes: a node has no folders of another file system")]
    [InlineData("{image: redis, volumes: [{type: bind, source: ., target: /data}]}", "services.a.volumes: a node has no folders of another file system")]
    [InlineData("{image: redis, volumes: ['/var/run/docker.sock:/var/run/docker.sock']}", "services.a.volumes: a node has no folders of another file system")]
    [InlineData("{image: redis, environment: {A: '${SECRET}'}}", "services.a.environment.A: ${SECRET} has no value here")]
    [InlineData("{image: redis, environment: [A=$SECRET]}", "services.a.environment: $SECRET has no value here")]
    [InlineData("{image: redis, hostname: b}", "services.a.hostname: a node is called like its service")]
    [InlineData("{image: redis, depends_on: {b: {condition: service_healthy}}}", "services.a.depends_on.b: nodes do not wait for each other")]
    [InlineData("{image: redis, ports: [x]}", "services.a.ports: not a port")]
    [InlineData("{image: redis, ports: ['9-1']}", "services.a.ports: not a port")]
    [InlineData("{image: redis, ports: ['1-9999999999']}", "services.a.ports: not a port")]
    [InlineData("{image: redis, ports: ['1-65535']}", "services: nodes[0].ports: at most 16")]
    [InlineData("{image: redis, user: 'a b'}", "services: nodes[0].user: a user or uid, or user:group, at most 64 characters")]
    public void Service_that_a_node_cannot_be_is_left_to_Docker(string service, string why)
    {
        var (recipe, problems) = Read("services: { a: " + service + " }");

        Assert.Null(recipe);
        Assert.Contains($": {why}: else", Assert.Single(problems), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("services: {a: {image: redis, volumes: ['x:/x']}, b: {image: redis, volumes: ['x:/x']}}", "the volume x is of several services")]
    [InlineData("services: {a: {image: redis}, b: {image: redis}, c: {image: redis}, d: {image: redis}, e: {image: redis}, f: {image: redis}}", "more than 5")]
    [InlineData("services: {a_b: {image: redis}}", "nodes[0].name")]
    [InlineData("services: {gateway: {image: redis}, b: {image: redis}}", "gateway means something else on a network")]
    [InlineData("services: {a: {image: redis}}\nsecrets: {s: {file: s}}", "secrets: a node has nothing like it")]
    [InlineData("include: [other.yaml]\nservices: {a: {image: redis}}", "include: a node has nothing like it")]
    [InlineData("services: {a: {image: [}", "compose.yaml:1:")]
    [InlineData("", "services: has none")]
    [InlineData("- a", "services: has none")]
    [InlineData("services: text", "services: has none")]
    public void File_that_is_not_made_of_nodes_is_left_to_Docker(string text, string why)
    {
        var (recipe, problems) = Read(text);

        Assert.Null(recipe);
        Assert.Contains(why, Assert.Single(problems), StringComparison.Ordinal);
        Assert.EndsWith(": else", problems[0], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("services: {}", true)]
    [InlineData("image: debian\nservices: {}", false)]
    [InlineData("image: debian", false)]
    [InlineData("services: [", false)]
    [InlineData("", false)]
    public void Recipe_is_no_compose_file(string text, bool isOne) => Assert.Equal(isOne, ComposeFile.IsOne(text));

    [Fact]
    public void File_alone_is_nodes_or_a_file_that_Docker_starts()
    {
        const string text = "services: { a: { image: redis, command: x } }";
        var docker = ComposeFile.ReadAlone(text, image => image);

        Assert.Equal("redis", Assert.Single(ComposeFile.ReadAlone("services: { a: { image: redis } }", image => image).Nodes).Image);
        Assert.Equal(("docker", text, "docker compose up"), (docker.Nodes[0].Image, Assert.Single(docker.Nodes[0].Files).Text, Assert.Single(docker.Terminals).Run));
        Assert.Empty(RecipeRules.Validate(docker));
    }

    private static (Recipe? Recipe, IReadOnlyList<string> Problems) Read(string text)
    {
        var log = new ProblemLog();
        var recipe = ComposeFile.ReadNodes(text, "compose.yaml", image => image == "redis" ? image : image.Contains("postgres", StringComparison.Ordinal) ? "postgres" : null, "else", log);
        return (recipe, [.. log.All.Select(problem => problem.ToString())]);
    }
}
