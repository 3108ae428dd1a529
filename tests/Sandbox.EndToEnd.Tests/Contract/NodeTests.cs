using Xunit;

namespace Sandbox.EndToEnd.Tests.Contract;

/// <summary>Playgrounds of several nodes, with real sandboxes and the programs of their images.</summary>
public sealed class NodeTests
{
    [Fact]
    public async Task Nodes_reach_each_other_by_name_and_strangers_reach_neither()
    {
        await using var caller = await Caller.NewGuestAsync();
        await using var stranger = await Caller.NewGuestAsync();
        var (playground, first) = await LaunchAsync(caller, ("web", "busybox"));
        var second = await AddAsync(caller, playground, new { name = "db", image = "busybox" });
        var (_, outside) = await LaunchAsync(stranger, ("db", "busybox"), ("other", "busybox"));

        await caller.ShellAsync(second, "mkdir /www; echo of db > /www/index.html; httpd -p 80 -h /www");
        Assert.Equal("of db\n", await FetchAsync(caller, first, "db"));
        var address = (await caller.ShellAsync(second, "ip -4 -o addr show eth0 | awk '{print $4}' | cut -d/ -f1")).Trim();
        Assert.Equal("", await FetchAsync(stranger, outside, address));
        Assert.DoesNotContain(address, await stranger.ShellAsync(outside, "nslookup web 2>&1; nslookup db"), StringComparison.Ordinal);

        Assert.Equal(204, (await caller.DeleteAsync($"/api/v1/sandboxes/{second}")).Status);
        await Instance.UntilAsync(async () => (await caller.ShellAsync(first, "ping -c 1 -W 2 db 2>&1")).Contains("bad address", StringComparison.Ordinal));
        var again = await AddAsync(caller, playground, new { name = "db", image = "busybox" });
        Assert.NotEqual(second, again);
        await Instance.UntilAsync(async () => (await caller.ShellAsync(first, "ping -c 1 -W 2 db > /dev/null && echo there")).Length > 0);
    }

    [Fact]
    public async Task Databases_are_nodes_with_passwords()
    {
        await using var caller = await Caller.NewGuestAsync();
        await ReadyAsync(caller, "postgres", "redis", "mariadb");
        const string Password = "it's \\ \"quoted\"";
        var limits = new { memoryMiB = 256 };
        var nodes = new object[]
        {
            new { name = "postgres", image = "postgres", resources = limits, env = new { POSTGRES_PASSWORD = Password } },
            new { name = "redis", image = "redis", resources = limits, env = new { REDIS_PASSWORD = Password } },
            new { name = "mariadb", image = "mariadb", resources = limits, env = new { MARIADB_ROOT_PASSWORD = Password, MARIADB_DATABASE = "shop", MARIADB_USER = "ann", MARIADB_PASSWORD = "x" } },
        };
        var view = (await caller.PostAsync("/api/v1/playgrounds", new { recipe = new { nodes } })).Json["sandboxes"]!.AsArray();
        string Of(string name) => (string)view.Single(sandbox => (string?)sandbox!["name"] == name)!["id"]!;

        // From within no password is needed, or a root's; from another node it is.
        foreach (var (node, way) in new[]
        {
            ("postgres", "PGPASSWORD=\"$1\" psql -h postgres -U postgres -Atc 'select 6 * 7'"),
            ("redis", "REDISCLI_AUTH=\"$1\" redis-cli -h redis eval 'return 6 * 7' 0"),
            ("mariadb", "mariadb -h mariadb -u root \"-p$1\" -Ne 'select 6 * 7'"),
        })
        {
            await Instance.UntilAsync(async () => (await RunAsync(caller, Of(node), way, Password)).Contains("42", StringComparison.Ordinal), 120);
            Assert.DoesNotContain("42", await RunAsync(caller, Of(node), way, "wrong"), StringComparison.Ordinal);
        }

        Assert.Equal("42\n", await caller.ShellAsync(Of("mariadb"), "mariadb -h mariadb -u ann -px shop -Ne 'select 6 * 7'"));
    }

    /// <summary>Play with Docker's own exercise: two nodes, a service over both, an update, and a node that dies.</summary>
    [Fact]
    public async Task Swarm_runs_over_two_nodes_and_outlives_one()
    {
        await using var caller = await Caller.NewGuestAsync();
        await ReadyAsync(caller, "docker");
        var (playground, manager) = await LaunchAsync(caller, ("node1", "docker"));
        var worker = await AddAsync(caller, playground, new { name = "node2", image = "docker" });
        await caller.ShellAsync(manager, "docker swarm init --advertise-addr eth0");
        var token = (await caller.ShellAsync(manager, "docker swarm join-token -q worker")).Trim();
        Assert.Contains("joined a swarm as a worker", await caller.ShellAsync(worker, $"docker swarm join --token {token} node1:2377"), StringComparison.Ordinal);
        await Instance.UntilAsync(async () => (await caller.ShellAsync(manager, "docker node ls --format '{{.Hostname}} {{.Status}}' | sort")) == "node1 Ready\nnode2 Ready\n", 120);

        await caller.ShellAsync(manager, "docker service create -d --no-resolve-image --name web --replicas 4 --stop-grace-period 1s --update-delay 0s busybox sh -c 'httpd -f -p 80 -h /etc'");
        await UntilOnAsync(caller, manager, "node1", "node2");

        await caller.ShellAsync(worker, "docker tag busybox busybox:2");
        await caller.ShellAsync(manager, "docker tag busybox busybox:2; docker service update -d --no-resolve-image --image busybox:2 --update-parallelism 2 web");
        await Instance.UntilAsync(async () => (await caller.ShellAsync(manager, "docker service ps web -f desired-state=running --format '{{.Image}} {{.CurrentState}}' | grep -c '^busybox:2 Running'")) == "4\n", 180);

        // Overlay networks, where the kernel has VXLAN: containers of both nodes find each other by the service's name.
        // The wget of BusyBox 1.35, which the host's registry may have, crashes with -T and a name.
        if (await caller.ShellAsync(manager, "ip link add try type vxlan id 9 dstport 4790 2> /dev/null && ip link del try && echo has") == "has\n")
        {
            await caller.ShellAsync(manager, "docker network create -d overlay --attachable over; docker service create -d --no-resolve-image --name near --network over --endpoint-mode dnsrr --mode global busybox sh -c 'httpd -f -p 80 -h /etc'");
            await Instance.UntilAsync(async () => (await caller.ShellAsync(manager, "docker run --rm --network over busybox sh -c 'for i in 1 2 3 4 5 6 7 8 9 10; do timeout 3 wget -q -O - http://near/hostname; done' | sort -u | wc -l")) == "2\n", 180);
        }

        Assert.Equal(204, (await caller.DeleteAsync($"/api/v1/sandboxes/{worker}")).Status);
        await Instance.UntilAsync(async () => (await caller.ShellAsync(manager, "docker service ps web -f desired-state=running --format '{{.Node}} {{.CurrentState}}' | grep -c '^node1 Running'")) == "4\n", 180);
        Assert.Contains("Down", await caller.ShellAsync(manager, "docker node ls --format '{{.Hostname}} {{.Status}}'"), StringComparison.Ordinal);
    }

    private static Task UntilOnAsync(Caller caller, string manager, params string[] nodes) => Instance.UntilAsync(
        async () => await caller.ShellAsync(manager, "docker service ps web -f desired-state=running --format '{{.CurrentState}} {{.Node}}' | sed -n 's/^Running.* //p' | sort -u") == string.Concat(nodes.Select(node => node + "\n")), 180);

    private static Task<string> FetchAsync(Caller caller, string sandbox, string host) =>
        caller.ShellAsync(sandbox, $"printf 'GET / HTTP/1.0\\r\\n\\r\\n' | nc -w 5 {host} 80 2> /dev/null | tail -n 1");

    private static async Task<string> RunAsync(Caller caller, string sandbox, string line, string argument)
    {
        var answer = await caller.PostAsync($"/api/v1/sandboxes/{sandbox}/exec", new { command = new[] { "sh", "-c", line, "sh", argument } });
        return answer.Status == 200 ? (string)answer.Json["stdout"]! : "";
    }

    private static async Task<(string Playground, string Sandbox)> LaunchAsync(Caller caller, params (string Name, string Image)[] nodes)
    {
        var (playground, sandbox) = await caller.LaunchAsync(new { recipe = new { nodes = nodes.Select(node => new { name = node.Name, image = node.Image }) } });
        return (playground, sandbox);
    }

    private static async Task<string> AddAsync(Caller caller, string playground, object node)
    {
        var answer = await caller.PostAsync($"/api/v1/playgrounds/{playground}/sandboxes", node);
        Assert.True(answer.Status == 201, answer.Text);
        return (string)answer.Json["id"]!;
    }

    private static Task ReadyAsync(Caller caller, params string[] images) => Instance.UntilAsync(
        async () => (await caller.GetAsync("/api/v1/images")).Json.AsArray().Count(image => images.Contains((string?)image!["name"]) && (string?)image["state"] == "ready") == images.Length, 600);
}
