using System.Net.Http.Headers;
using System.Text;
using Xunit;

namespace Sandbox.EndToEnd.Tests.Contract;

/// <summary>
/// Compose files of docker/awesome-compose, as they are written, with the programs that this site has in place of the
/// applications.
/// </summary>
public sealed class ComposeTests
{
    [Fact]
    public async Task Application_with_a_database_becomes_nodes_that_find_each_other()
    {
        await using var caller = await Caller.NewGuestAsync();
        await ReadyAsync(caller, "debian", "postgres");
        var file = Sample("gitea-postgres").Replace("gitea/gitea:latest", "debian", StringComparison.Ordinal);
        var answer = await caller.SendAsync(HttpMethod.Post, "/api/v1/links", new ByteArrayContent(Encoding.UTF8.GetBytes(file)) { Headers = { ContentType = new MediaTypeHeaderValue("application/yaml") } });
        Assert.True(answer.Status == 201, answer.Text);

        var started = (await caller.PostAsync("/api/v1/playgrounds", new { link = (string?)answer.Json["hash"] })).Json["sandboxes"]!.AsArray();

        Assert.Equal(["gitea debian", "db postgres"], started.Select(sandbox => $"{sandbox!["name"]} {sandbox["image"]}"));
        var (gitea, db) = ((string)started[0]!["id"]!, (string)started[1]!["id"]!);
        Assert.Equal("db:5432 gitea postgresql://gitea:gitea@db:5432/gitea\n", await caller.ShellAsync(gitea, "echo $DB_HOST $DB_PASSWD $DATABASE_URL"));
        var name = await caller.ShellAsync(db, "until PGPASSWORD=gitea psql -h db -U gitea -d gitea -Atc 'select current_database()' 2> /dev/null; do sleep 1; done");
        Assert.Equal("gitea\n", name);
        Assert.Equal("open\n", await caller.ShellAsync(gitea, "bash -c 'exec 3<> /dev/tcp/${DB_HOST%:*}/${DB_HOST#*:} && echo open'"));
    }

    [Fact]
    public async Task Files_run_in_Docker_with_named_volumes_secrets_and_builds()
    {
        await using var caller = await Caller.NewGuestAsync();
        await ReadyAsync(caller, "docker", "postgres");
        var (_, sandbox) = await caller.LaunchAsync(new { image = "docker" });
        foreach (var name in new[] { "gitea-postgres", "spring-postgres" })
        {
            Assert.Equal(204, (await caller.PutAsync($"/api/v1/sandboxes/{sandbox}/files/root/{name}/compose.yaml", Encoding.UTF8.GetBytes(Sample(name)))).Status);
        }

        // Each application is psql, which reads what the file tells the application.
        await Instance.UntilAsync(async () => (await caller.ShellAsync(sandbox, "curl -sS http://registry.internal/v2/_catalog 2>&1")).Contains("\"library/postgres\"", StringComparison.Ordinal), 300);
        var prepared = await caller.ShellAsync(sandbox, """
            cd /root && set -e
            docker pull -q postgres
            docker tag postgres postgres:alpine
            mkdir gitea && cat > gitea/Dockerfile <<'END'
            FROM postgres
            CMD ["sh", "-c", "until PGPASSWORD=$DB_PASSWD psql -h ${DB_HOST%:*} -p ${DB_HOST#*:} -U $DB_USER -d $DB_NAME -Atc \"select 'in the database ' || current_database()\"; do sleep 1; done; exec sleep 600"]
            END
            docker build -q -t gitea/gitea:latest gitea
            mkdir spring-postgres/backend spring-postgres/db && echo 'its secret' > spring-postgres/db/password.txt && cat > spring-postgres/backend/Dockerfile <<'END'
            FROM postgres
            CMD ["sh", "-c", "until PGPASSWORD='its secret' psql -h db -U postgres -d $POSTGRES_DB -Atc \"select 'in the database ' || current_database()\"; do sleep 1; done; exec sleep 600"]
            END
            echo prepared
            """);
        Assert.EndsWith("prepared\n", prepared, StringComparison.Ordinal);
        foreach (var (name, service, database) in new[] { ("gitea-postgres", "gitea", "gitea"), ("spring-postgres", "backend", "example") })
        {
            var compose = $"docker compose -f /root/{name}/compose.yaml";
            await caller.ShellAsync(sandbox, $"{compose} up -d --quiet-pull 2>&1");
            await Instance.UntilAsync(async () => (await caller.ShellAsync(sandbox, $"{compose} logs --no-log-prefix {service} 2>&1")).Contains($"in the database {database}\n", StringComparison.Ordinal), 300);
            Assert.Equal($"{(name == "gitea-postgres" ? 2 : 1)}\n", await caller.ShellAsync(sandbox, $"docker volume ls -q -f name={name} | wc -l"));
            await caller.ShellAsync(sandbox, $"{compose} down -v -t 1 2>&1");
        }
    }

    private static string Sample(string name) => File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "compose", name + ".yaml"));

    private static Task ReadyAsync(Caller caller, params string[] images) => Instance.UntilAsync(
        async () => (await caller.GetAsync("/api/v1/images")).Json.AsArray().Count(image => images.Contains((string?)image!["name"]) && (string?)image["state"] == "ready") == images.Length, 600);
}
