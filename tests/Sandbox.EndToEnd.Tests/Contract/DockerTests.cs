using Xunit;

namespace Sandbox.EndToEnd.Tests.Contract;

/// <summary>A Docker daemon in a guest's sandbox, driven by Docker's own programs.</summary>
public sealed class DockerTests
{
    /// <summary>A base without a registry: a static shell, as an image of one layer.</summary>
    private const string Base = """
        mkdir -p /tmp/base/bin /tmp/base/tmp /tmp/base/www && cp /opt/busybox /tmp/base/bin/ && chmod 755 /tmp/base/bin/busybox
        for name in sh ls cat sleep echo id nc httpd ip ping mount ps; do ln -s busybox /tmp/base/bin/$name; done
        tar -C /tmp/base -c . | docker import -c 'CMD ["sh"]' - base > /dev/null

        """;

    [Fact]
    public async Task Containers_run_with_names_ports_limits_volumes_and_networks()
    {
        await using var caller = await Caller.NewGuestAsync();
        var sandbox = await LaunchAsync(caller);
        Assert.Equal("hello\n", await caller.ShellAsync(sandbox, "docker run --rm base echo hello"));
        Assert.Equal("answered\n", await caller.ShellAsync(sandbox, """
            docker run -d --name web -p 8080:80 base sh -c 'echo answered > /www/index.html; httpd -f -p 80 -h /www' > /dev/null
            until curl -sS -m 3 localhost:8080 2> /dev/null; do sleep 0.3; done
            """));
        Assert.Equal("33554432\n", await caller.ShellAsync(sandbox, "docker run --rm -m 32m base cat /sys/fs/cgroup/memory/memory.limit_in_bytes 2> /dev/null || docker run --rm -m 32m base cat /sys/fs/cgroup/memory.max"));
        Assert.Equal("kept\n", await caller.ShellAsync(sandbox, "docker volume create data > /dev/null; docker run --rm -v data:/data base sh -c 'echo kept > /data/file'; docker run --rm -v data:/data base cat /data/file"));
        Assert.Contains("1 packets received", await caller.ShellAsync(sandbox, "docker network create inner > /dev/null; docker run -d --net inner --name other base sleep 60 > /dev/null; docker run --rm --net inner base ping -c 1 other"), StringComparison.Ordinal);
        Assert.Contains("httpd", await caller.ShellAsync(sandbox, "docker top web; docker exec web ps; docker stats --no-stream web; docker logs web"), StringComparison.Ordinal);
        Assert.Equal("7\n", await caller.ShellAsync(sandbox, "docker run base sh -c 'exit 7'; echo $?"));
    }

    [Fact]
    public async Task Buildah_builds_the_same_tree_from_the_Dockerfile_of_a_playground()
    {
        // Buildah itself mounts over some of a container's paths, and its mount has a root of its own. Certificates of the
        // operator lie over the image here, and are no part of it.
        const string tree = """
            export LC_ALL=C; set -f; all='find . -xdev ! -path . ! -path ./dev* ! -path ./proc* ! -path ./sys* ! -path ./run* ! -path ./etc/hosts ! -path ./etc/hostname ! -path ./etc/resolv.conf ! -path ./etc/ssl* ! -path ./usr*'
            { $all -type d -exec stat -c '%n %f %u:%g %Y' {} +; $all ! -type d -exec stat -c '%n %f %u:%g %h %s %Y' {} +; $all -type f -exec sha256sum {} +; $all -type l -exec readlink {} ';'; } | sort
            """;
        await using var caller = await Caller.NewGuestAsync();
        var (playground, small) = await caller.LaunchAsync();
        await caller.ShellAsync(small, """
            mkdir -p "/srv/my app/data" /opt/deep/er; echo one > /opt/one; ln /opt/one /opt/two; ln -s one /opt/link; chown -R 1000:1000 /opt/deep; chmod 4755 /opt/one
            rm /bin/vi; rm -rf /var; mkdir -m 700 /var; echo new > /var/new; chmod 1777 /opt; rm -rf /home; echo file > /home; mkfifo /opt/pipe
            dd if=/dev/zero of=/opt/sparse bs=1 count=1 seek=500000 2>/dev/null; touch -d '2001-02-03 04:05:06' /etc /opt/one /opt/deep /root; echo y > '/opt/$HOME "q"'
            """);
        var own = await caller.ShellAsync(small, $"cd /; {tree}");
        Assert.Contains("./opt/deep/er ", own, StringComparison.Ordinal);

        var sandbox = await LaunchAsync(caller);
        foreach (var part in (string[])["dockerfile", "base"])
        {
            var export = await caller.GetAsync($"/api/v1/playgrounds/{playground}/export?as={part}");
            Assert.Equal(200, export.Status);
            Assert.Equal(204, (await caller.PutAsync($"/api/v1/sandboxes/{sandbox}/files/root/{part}.tar", export.Body)).Status);
        }

        Assert.Equal(own, await caller.ShellAsync(sandbox, $"""
            cd /root && mkdir context && tar -C context -xf dockerfile.tar
            buildah pull -q docker-archive:base.tar > /dev/null && buildah bud -q --network none -t rebuilt context > /dev/null
            cd "$(buildah mount "$(buildah from --pull-never rebuilt)")" && {tree}
            """));
    }

    [Fact]
    public async Task Images_are_built_by_docker_buildah_and_podman()
    {
        await using var caller = await Caller.NewGuestAsync();
        var sandbox = await LaunchAsync(caller);
        await caller.ShellAsync(sandbox, "mkdir /root/app && printf 'FROM base\\nARG who=world\\nRUN echo hello $who > /said\\nCOPY file /file\\nCMD cat /said /file\\n' > /root/app/Dockerfile && echo content > /root/app/file");
        Assert.Equal("hello docker\ncontent\n", await caller.ShellAsync(sandbox, "docker build -q --build-arg who=docker -t built /root/app > /dev/null && docker run --rm built"));
        Assert.Equal("hello classic\ncontent\n", await caller.ShellAsync(sandbox, "DOCKER_BUILDKIT=0 docker build -q --build-arg who=classic -t classic /root/app > /dev/null 2>&1 && docker run --rm classic"));
        Assert.Equal("hello buildah\ncontent\n", await caller.ShellAsync(sandbox, "docker save base | podman load > /dev/null 2>&1; podman tag docker.io/library/base localhost/base; cd /root/app && buildah bud -q --build-arg who=buildah -t built . > /dev/null && podman run --rm --network host localhost/built"));
        Assert.Equal("podman\n", await caller.ShellAsync(sandbox, "podman run --rm localhost/base echo podman"));
    }

    [Fact]
    public async Task An_application_of_three_services_and_a_swarm_run_within_a_guests_plan()
    {
        await using var caller = await Caller.NewGuestAsync();
        var sandbox = await LaunchAsync(caller);
        await caller.ShellAsync(sandbox, """
            mkdir /root/app && cd /root/app && cat > compose.yaml <<'END'
            services:
              web:
                image: base
                command: sh -c 'echo web answered > /www/index.html; httpd -f -p 80 -h /www'
                ports: ["8081:80"]
                depends_on: [cache, db]
              db: {image: base, command: sleep 300}
              cache: {image: base, command: sleep 300}
            END
            docker compose up -d --quiet-pull 2>&1
            """);
        Assert.Equal("web answered\n3\n", await caller.ShellAsync(sandbox, "until curl -sS -m 3 localhost:8081 2> /dev/null; do sleep 0.3; done; docker compose -f /root/app/compose.yaml ps -q | wc -l"));
        await caller.ShellAsync(sandbox, "docker compose -f /root/app/compose.yaml down 2>&1");
        Assert.Contains("3/3", await caller.ShellAsync(sandbox, "docker swarm init --advertise-addr eth1 > /dev/null; docker service create --name s --replicas 2 base sleep 300 > /dev/null 2>&1; docker service scale s=3 > /dev/null; docker service ls"), StringComparison.Ordinal);
    }

    /// <summary>The catalog's images have Docker Hub's names; there need not be any internet.</summary>
    [Fact]
    public async Task Images_of_the_catalog_are_pulled_by_their_names_and_nothing_is_pushed()
    {
        await using var caller = await Caller.NewGuestAsync();
        await UntilReadyAsync(caller, "docker", "debian", "busybox", "redis");
        var (_, sandbox) = await caller.LaunchAsync(new { image = "docker" });
        await Instance.UntilAsync(async () => await caller.ShellAsync(sandbox, "curl -sS http://registry.internal/v2/_catalog 2>&1") is var names && new[] { "debian", "busybox", "redis" }.All(name => names.Contains($"\"library/{name}\"", StringComparison.Ordinal)), 120);

        Assert.Equal("ID=debian\n", await caller.ShellAsync(sandbox, "docker run -q --rm debian grep ^ID= /etc/os-release 2>&1"));
        Assert.Equal("docker.io/library/busybox:latest\n", await caller.ShellAsync(sandbox, "docker pull -q busybox 2>&1"));
        Assert.Equal("pulled\n", await caller.ShellAsync(sandbox, "podman run -q --rm --network host redis echo pulled 2>&1"));
        Assert.Equal("built\n", await caller.ShellAsync(sandbox, "mkdir built && printf 'FROM busybox\\nRUN echo built > /built\\n' > built/Dockerfile && docker rmi -f busybox > /dev/null && docker build -q -t built built > /dev/null && docker run --rm built cat /built"));
        var digest = (string?)(await caller.GetAsync("/api/v1/images")).Json.AsArray().Single(image => (string?)image!["name"] == "debian")!["digest"];
        Assert.Equal($"{digest}\n", await caller.ShellAsync(sandbox, "skopeo inspect --format '{{.Digest}}' docker://registry.internal/debian 2>&1"));

        Assert.Contains("405", await caller.ShellAsync(sandbox, "docker tag busybox registry.internal/busybox; docker push registry.internal/busybox 2>&1; curl -s -o /dev/null -w '%{http_code}' -X POST http://registry.internal/v2/mine/blobs/uploads/"), StringComparison.Ordinal);
        Assert.Equal("405\n405\n", await caller.ShellAsync(sandbox, $"for what in manifests/{digest} blobs/{digest}; do curl -s -o /dev/null -w '%{{http_code}}\n' -X DELETE http://registry.internal/v2/debian/$what; done"));
        Assert.Equal("404\n", await caller.ShellAsync(sandbox, "curl -sL -o /dev/null -w '%{http_code}\n' --path-as-is http://registry.internal/v2/../../etc/passwd"));
    }

    /// <summary>The first terminal comes before the daemon; a command that is typed at once waits for it.</summary>
    [Fact]
    public async Task Docker_is_asked_before_its_daemon_is_up_and_answers()
    {
        await using var caller = await Caller.NewGuestAsync();
        await UntilReadyAsync(caller);
        var (_, sandbox) = await caller.LaunchAsync(new { image = "docker" });
        Assert.Equal("0\n", await caller.ShellAsync(sandbox, "docker ps -q | wc -l"));
    }

    /// <summary>It is the largest image of the catalog, and a fresh instance makes it last.</summary>
    internal static Task UntilReadyAsync(Caller caller) => UntilReadyAsync(caller, "docker");

    private static Task UntilReadyAsync(Caller caller, params string[] names) => Instance.UntilAsync(
        async () => (await caller.GetAsync("/api/v1/images")).Json.AsArray().Count(image => names.Contains((string)image!["name"]!, StringComparer.Ordinal) && (string?)image["state"] == "ready") == names.Length, 600);

    private static async Task<string> LaunchAsync(Caller caller)
    {
        await UntilReadyAsync(caller);
        var (_, sandbox) = await caller.LaunchAsync(new { image = "docker" });
        var put = await caller.SendAsync(HttpMethod.Put, $"/api/v1/sandboxes/{sandbox}/files/opt/busybox?mode=755", new ByteArrayContent(await File.ReadAllBytesAsync("/usr/bin/busybox", TestContext.Current.CancellationToken)));
        Assert.Equal(204, put.Status);
        await caller.ShellAsync(sandbox, Base);
        return sandbox;
    }
}
