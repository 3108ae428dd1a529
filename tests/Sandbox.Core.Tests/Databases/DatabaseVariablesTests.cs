using Sandbox.Core.Databases;
using Sandbox.Core.Images;
using Sandbox.Core.People;
using Sandbox.Core.Playgrounds;
using Sandbox.Core.Quotas;
using Sandbox.Core.Sandboxes;
using Xunit;

namespace Sandbox.Core.Tests.Databases;

public sealed class DatabaseVariablesTests
{
    private static readonly ImageConfig Plain = new();

    [Fact]
    public void Client_finds_each_kind_by_its_own_names()
    {
        var found = Find(Spec("web"), Server("db", "postgres", "p1"), Server("cache", "redis", "p2"), Server("shop", "mariadb", "p3", ("MARIADB_DATABASE", "s h")));

        Assert.Equal(
            "db 5432 postgres p1 postgres, postgresql://postgres:p1@db:5432/postgres, redis://default:p2@cache:6379 p2, shop 3306 p3, mysql://root:p3@shop:3306/s%20h",
            $"{found["PGHOST"]} {found["PGPORT"]} {found["PGUSER"]} {found["PGPASSWORD"]} {found["PGDATABASE"]}, {found["DATABASE_URL"]}, {found["REDIS_URL"]} {found["REDISCLI_AUTH"]}, {found["MYSQL_HOST"]} {found["MYSQL_TCP_PORT"]} {found["MYSQL_PWD"]}, {found["SHOP_URL"]}");
        Assert.Equal("db 5432 postgres p1 postgres", $"{found["DB_HOST"]} {found["DB_PORT"]} {found["DB_USER"]} {found["DB_PASSWORD"]} {found["DB_DATABASE"]}");
    }

    [Fact]
    public void Second_server_of_a_kind_replaces_nothing()
    {
        var found = Find(Spec("web"), Server("db", "postgres", "p1"), Server("1-b", "postgres", "p2"));

        Assert.Equal("db p1 postgresql://postgres:p2@1-b:5432/postgres", $"{found["PGHOST"]} {found["PGPASSWORD"]} {found["NODE_1_B_URL"]}");
    }

    [Fact]
    public void Image_and_recipe_keep_their_variables_and_get_no_half_of_a_group()
    {
        var recipe = Find(Spec("web", ("PGHOST", "mine")), Server("db", "postgres", "p1"));
        Assert.Equal(("mine", false, true), (recipe["PGHOST"], recipe.ContainsKey("PGPASSWORD"), recipe.ContainsKey("DATABASE_URL")));

        var image = DatabaseVariables.Of(Spec("web"), new ImageConfig { Env = ["DATABASE_URL=sqlite"] }, [(Server("db", "postgres", "p1"), Plain)]);
        Assert.Equal((false, "db"), (image.ContainsKey("DATABASE_URL"), image["PGHOST"]));
    }

    [Theory]
    [InlineData("postgres", "POSTGRES_PASSWORD=own", "POSTGRES_PASSWORD", "own", "postgresql://postgres:own@db:5432/postgres")]
    [InlineData("postgres", "POSTGRES_USER=a/b", "POSTGRES_PASSWORD", "made", "postgresql://a%2Fb:made@db:5432/a%2Fb")]
    [InlineData("postgres", "POSTGRES_PASSWORD_FILE=/run/secrets/p", "POSTGRES_PASSWORD", null, "postgresql://db:5432/postgres")]
    [InlineData("mariadb", "MYSQL_ROOT_PASSWORD=own", "MARIADB_ROOT_PASSWORD", null, "mysql://root:own@db:3306")]
    [InlineData("redis", "A=b", "REDISCLI_AUTH", "made", "redis://default:made@db:6379")]
    public void Server_has_the_made_password_unless_it_is_given_one(string kind, string given, string name, string? value, string url)
    {
        var server = Server("db", kind, "made", (given.Split('=')[0], given.Split('=')[1]));
        var saved = Server("db", kind, "made") with { Env = new Dictionary<string, string>() };

        Assert.Equal(value, DatabaseVariables.Own(server, Plain).GetValueOrDefault(name));
        Assert.Equal(url, Find(Spec("web"), server)["DB_URL"]);
        Assert.Equal(url, DatabaseVariables.Of(Spec("web"), Plain, [(saved, new ImageConfig { Env = [given] })])["DB_URL"]); // as a save has it
    }

    [Fact]
    public void Server_finds_no_other_one_and_a_long_name_is_none()
    {
        Assert.DoesNotContain(Find(Server("db2", "postgres", "p2"), Server("postgres", "postgres", "p1", ("POSTGRES_USER", "ann"))), pair => pair.Value is "p1" or "ann");
        Assert.Empty(Find(Spec("web"), Server("db", "postgres", "p1", ("POSTGRES_USER", new string('x', 257)))));
        Assert.Equal((null, null), (DatabaseServer.OfRecipe("debian"), DatabaseServer.OfRecipe("redis")!.Password));
        Assert.NotEqual(DatabaseServer.OfRecipe("postgres"), DatabaseServer.OfRecipe("postgres"));
        Assert.NotNull(DatabaseServer.OfAdded("redis")!.Password);
    }

    private static IReadOnlyDictionary<string, string> Find(SandboxSpec spec, params SandboxSpec[] servers) => DatabaseVariables.Of(spec, Plain, servers.Select(server => (server, Plain)));

    private static SandboxSpec Server(string name, string kind, string password, params (string Name, string Value)[] env) => Spec(name, env) with { Database = new DatabaseServer(kind, password) };

    private static SandboxSpec Spec(string name, params (string Name, string Value)[] env) => new()
    {
        Id = SandboxId.New(),
        Playground = PlaygroundId.New(),
        Owner = PersonId.New(),
        Name = name,
        Image = Digest.Parse("sha256:" + new string('0', 64)),
        Limits = new SandboxLimits(1, 1 << 26, 64, 1 << 26, 1000),
        OwnerLimits = new SandboxLimits(1, 1 << 26, 64, 1 << 26, 1000),
        Deadline = DateTimeOffset.UnixEpoch,
        Env = env.ToDictionary(pair => pair.Name, pair => pair.Value),
    };
}
