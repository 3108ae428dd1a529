using System.Text;
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
    [InlineData("{image: redis, build: .}", "services.a.build: nodes start images of the catalog and build none")]
    [InlineData("{image: redis, command: redis-server}", "services.a.command: a node always runs its image's own command")]
    [InlineData("{image: redis, privileged: true}", "services.a.privileged: a node has no privileges beyond those of every sandbox")]
    [InlineData("{image: redis, sysctls: {a: 1}}", "services.a.sysctls: nodes do not support this field")]
    [InlineData("{image: other/thing}", "services.a.image: the catalog has no image other/thing")]
    [InlineData("{}", "services.a.image: the service has no image")]
    [InlineData("[]", "services.a: must be a mapping of fields")]
    [InlineData("{image: redis, volumes: ['./data:/data']}", "services.a.volumes: a node cannot mount files or folders")]
    [InlineData("{image: redis, volumes: [{type: bind, source: ., target: /data}]}", "services.a.volumes: a node cannot mount files or folders")]
    [InlineData("{image: redis, volumes: ['/var/run/docker.sock:/var/run/docker.sock']}", "services.a.volumes: a node cannot mount files or folders")]
    [InlineData("{image: redis, environment: {A: '${SECRET}'}}", "services.a.environment.A: ${SECRET} has no value here")]
    [InlineData("{image: redis, environment: [A=$SECRET]}", "services.a.environment: $SECRET has no value here")]
    [InlineData("{image: redis, hostname: b}", "services.a.hostname: a node always has the name of its service")]
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
    [InlineData("services: {a: {image: redis, volumes: ['x:/x']}, b: {image: redis, volumes: ['x:/x']}}", "several services share the volume x, and each node has a disk of its own")]
    [InlineData("services: {a: {image: redis}, b: {image: redis}, c: {image: redis}, d: {image: redis}, e: {image: redis}, f: {image: redis}}", "services: there are more than 5")]
    [InlineData("services: {a_b: {image: redis}}", "nodes[0].name")]
    [InlineData("services: {gateway: {image: redis}, b: {image: redis}}", "gateway means something else on a network")]
    [InlineData("services: {a: {image: redis}}\nsecrets: {s: {file: s}}", "secrets: a node cannot mount files or folders")]
    [InlineData("include: [other.yaml]\nservices: {a: {image: redis}}", "include: nodes are made of this file alone")]
    [InlineData("services: {a: {image: [}", "compose.yaml:1:")]
    [InlineData("", "services: there are no services")]
    [InlineData("- a", "services: there are no services")]
    [InlineData("services: text", "services: there are no services")]
    public void File_that_is_not_made_of_nodes_is_left_to_Docker(string text, string why)
    {
        var (recipe, problems) = Read(text);

        Assert.Null(recipe);
        Assert.Contains(why, Assert.Single(problems), StringComparison.Ordinal);
        Assert.EndsWith(": else", problems[0], StringComparison.Ordinal);
    }

    /// <summary>Files of others, with this site's images.</summary>
    [Theory]
    [InlineData("django", "services.web.build: nodes start images of the catalog and build none")]
    [InlineData("flask", "services.web.build: nodes start images of the catalog and build none")]
    [InlineData("flask-redis", "services.redis.image: the catalog has no image redislabs/redismod")]
    [InlineData("gitea-postgres", "services.gitea.image: the catalog has no image gitea/gitea:latest")]
    [InlineData("nginx-flask-mysql", "secrets: a node cannot mount files or folders")]
    [InlineData("nginx-golang-postgres", "secrets: a node cannot mount files or folders")]
    [InlineData("nginx-nodejs-redis", "services.redis.image: the catalog has no image redislabs/redismod")]
    [InlineData("prometheus-grafana", "services.prometheus.command: a node always runs its image's own command")]
    [InlineData("react-express-mongodb", "services.frontend.build: nodes start images of the catalog and build none")]
    [InlineData("spring-postgres", "secrets: a node cannot mount files or folders")]
    [InlineData("traefik-golang", "services.frontend.command: a node always runs its image's own command")]
    [InlineData("wordpress-mysql", "services.db.command: a node always runs its image's own command")]
    public void Sample_is_started_by_Docker_for_a_reason(string name, string why)
    {
        var text = Sample(name);
        var reading = ComposeFile.ReadAlone(Encoding.UTF8.GetBytes(text), Catalog);

        Assert.True(ComposeFile.IsOne(text));
        Assert.EndsWith(why, reading.Decides!.ToString(), StringComparison.Ordinal);
        Assert.Equal(("docker", text), (reading.Recipe!.Nodes[0].Image, reading.Recipe.Nodes[0].Files[0].Text));
        Assert.All(reading.Problems, problem => Assert.Equal(text.Contains("./", StringComparison.Ordinal) || text.Contains("build", StringComparison.Ordinal) || text.Contains("file:", StringComparison.Ordinal), problem.What.Contains("not here", StringComparison.Ordinal)));
    }

    [Fact]
    public void Sample_whose_images_are_here_becomes_nodes()
    {
        var reading = ComposeFile.ReadAlone(Encoding.UTF8.GetBytes(Sample("gitea-postgres").Replace("gitea/gitea:latest", "debian", StringComparison.Ordinal)), Catalog);

        Assert.Null(reading.Decides);
        Assert.Equal(["gitea debian 3000 gitea", "db postgres  "], reading.Recipe!.Nodes.Select(node => $"{node.Name} {node.Image} {string.Join(' ', node.Ports.Select(port => port.Port))} {node.Env.GetValueOrDefault("DB_PASSWD")}"));
        Assert.Equal("services.db.image", Assert.Single(reading.Problems).Field);
    }

    [Theory]
    [InlineData("services: {}", true)]
    [InlineData("image: debian\nservices: {}", false)]
    [InlineData("image: debian", false)]
    [InlineData("services: [", true)]
    [InlineData("x: [", false)]
    [InlineData("", false)]
    public void Recipe_is_no_compose_file(string text, bool isOne) => Assert.Equal(isOne, ComposeFile.IsOne(text));

    [Fact]
    public void File_alone_is_nodes_or_a_file_that_Docker_starts()
    {
        const string text = "services: { a: { image: redis, command: x } }";
        var reading = Alone(text);
        var docker = reading.Recipe!;

        var nodes = Alone("services: { a: { image: redis } }");
        Assert.Equal("redis", Assert.Single(nodes.Recipe!.Nodes).Image);
        Assert.Null(nodes.Decides);
        Assert.Equal("compose.yaml:1:41: services.a.command: a node always runs its image's own command", reading.Decides!.ToString());
        Assert.Equal(("docker", text, "docker compose up"), (docker.Nodes[0].Image, Assert.Single(docker.Nodes[0].Files).Text, Assert.Single(docker.Terminals).Run));
        Assert.Empty(RecipeRules.Validate(docker));
    }

    [Theory]
    [InlineData("services:\n  a: {image: redis, image: x}\n", "compose.yaml:2:21: the key image appears twice")]
    [InlineData("services:\n  a: *none\n", "compose.yaml:2:6: the anchor none is unknown, or contains itself")]
    [InlineData("services:\n\ta: 1\n", "compose.yaml:2:1: ")]
    [InlineData("image: debian\n", "compose.yaml:1:1: services: a compose file needs a mapping of services")]
    [InlineData("", "compose.yaml:1:1: services: a compose file needs a mapping of services")]
    public void Mistake_in_a_file_alone_has_its_place(string text, string mistake)
    {
        var reading = Alone(text);

        Assert.Null(reading.Recipe);
        Assert.StartsWith(mistake, Assert.Single(reading.Problems).ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Aliases_of_aliases_and_files_that_are_too_large_end_at_once()
    {
        var bomb = "a0: &a0 [x,x,x,x,x,x,x,x]\n" + string.Concat(Enumerable.Range(1, 12).Select(level => $"a{level}: &a{level} [{string.Join(',', Enumerable.Repeat($"*a{level - 1}", 8))}]\n")) + "services: { a: { image: redis } }\n";
        Assert.Contains("more than 20000 values", Assert.Single(Alone(bomb).Problems).What, StringComparison.Ordinal);
        Assert.Contains("more than 256 KiB", Assert.Single(Alone("services: { a: { image: redis } }\n#" + new string('x', ComposeFile.MaxBytes)).Problems).What, StringComparison.Ordinal);
    }

    [Fact]
    public void A_long_text_is_not_repeated_by_aliases_and_not_copied()
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        var bomb = $"x-b: &b \"{new string('x', 200_000)}\"\nx-e: &e\n" + string.Concat(Enumerable.Range(0, 1000).Select(key => $"  A{key}: *b\n"))
            + "services:\n" + string.Concat(Enumerable.Range(0, 4).Select(service => $"  s{service}: {{ image: redis, environment: *e }}\n"));
        Assert.Equal("compose.yaml:8:7: the aliases of the document repeat more than 1 MiB of text", Assert.Single(Alone(bomb).Problems).ToString());

        var variables = "services:\n  a:\n    image: redis\n    environment:\n      A: &b \"" + "$$" + new string('x', 200_000) + "\"\n" + string.Concat(Enumerable.Range(0, 5).Select(key => $"      A{key}: *b\n"));
        Assert.Equal("compose.yaml:5:10: services.a.environment.A4: the texts with variables have more than 1 MiB in all", Alone(variables).Decides!.ToString());

        // A name is in the path of each field.
        Assert.NotNull(Alone($"services: {{ {new string('x', 200_000)}: {{ image: redis, environment: {{ {string.Join(", ", Enumerable.Range(0, 2000).Select(key => $"A{key}: x"))} }} }} }}").Decides);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 64 << 20);
    }

    [Fact]
    public void Files_that_are_not_there_are_named()
    {
        var reading = Alone("services:\n  web:\n    build: .\n    env_file: .env\n    volumes: ['./src:/src', 'data:/data']\nsecrets: { key: { file: key.txt } }\n");

        Assert.Equal(["secrets.key.file", "services.web.build", "services.web.env_file", "services.web.volumes"], reading.Problems.Select(problem => problem.Field));
        Assert.All(reading.Problems, problem => Assert.Contains("not here", problem.What, StringComparison.Ordinal));
        Assert.NotNull(reading.Recipe);
    }

    private static string Sample(string name) => File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Samples", "compose", name + ".yaml"));

    /// <summary>As the catalog that ships finds them.</summary>
    private static string? Catalog(string image) =>
        image[(image.LastIndexOf('/') + 1)..].Split(':')[0] is "busybox" or "debian" or "python" or "node" or "postgres" or "redis" or "mariadb" or "docker" ? image[(image.LastIndexOf('/') + 1)..].Split(':')[0] : null;

    private static ComposeReading Alone(string text) => ComposeFile.ReadAlone(Encoding.UTF8.GetBytes(text), image => image);

    private static (Recipe? Recipe, IReadOnlyList<string> Problems) Read(string text)
    {
        var log = new ProblemLog();
        var recipe = ComposeFile.ReadNodes(text, "compose.yaml", image => image == "redis" ? image : image.Contains("postgres", StringComparison.Ordinal) ? "postgres" : null, "else", log);
        return (recipe, [.. log.All.Select(problem => problem.ToString())]);
    }
}
