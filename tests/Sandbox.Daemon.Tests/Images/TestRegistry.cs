using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Sandbox.Daemon.Linux;
using Xunit;

namespace Sandbox.Daemon.Tests.Images;

/// <summary>The distribution's own registry, on a free port of the loopback.</summary>
internal sealed class TestRegistry(StoreUnderTest test, string directory, int pid, int port) : IAsyncDisposable
{
    private static CancellationToken Now => TestContext.Current.CancellationToken;

    public string Host => string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{port}");

    /// <param name="test">The store beside it.</param>
    /// <param name="root">The files that it reads only; null is an empty directory of its own, to push to.</param>
    public static async Task<TestRegistry> StartAsync(StoreUnderTest test, string? root = null)
    {
        var directory = Directory.CreateTempSubdirectory("registry-").FullName;
        var port = FreePort();
        var settings = Path.Combine(directory, "config.yml");
        await File.WriteAllTextAsync(settings, $"version: 0.1\nlog: {{level: error}}\nstorage: {{filesystem: {{rootdirectory: {root ?? directory + "/data"}}}, maintenance: {{readonly: {{enabled: {(root is null ? "false" : "true")}}}}}}}\nhttp: {{addr: '127.0.0.1:{port}'}}\n", Now);
        using var nothing = File.OpenHandle("/dev/null", FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        var registry = new TestRegistry(test, directory, Tool.Spawn("docker-registry", ["serve", settings], nothing, nothing, nothing), port);
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                using var client = new TcpClient();
                await client.ConnectAsync(IPAddress.Loopback, port, Now);
                return registry;
            }
            catch (SocketException) when (attempt < 200)
            {
                await Task.Delay(50, Now);
            }
        }
    }

    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    public async Task PushAsync(ImageBuilder image, string name, string format = "oci")
    {
        var layout = Path.Combine(directory, "layout");
        image.WriteTo(layout);
        await test.Tool.RunOrThrowAsync("skopeo", ["copy", "-q", "--format", format, "--dest-tls-verify=false", $"oci:{layout}", $"docker://{Host}/{name}"], cancellationToken: Now);
        Directory.Delete(layout, recursive: true);
    }

    public void SpoilBlobs()
    {
        var largest = Directory.EnumerateFiles(directory, "data", SearchOption.AllDirectories).Where(path => path.Contains("/blobs/", StringComparison.Ordinal)).MaxBy(path => new FileInfo(path).Length)!;
        var bytes = File.ReadAllBytes(largest);
        bytes[^1] ^= 1;
        File.WriteAllBytes(largest, bytes);
    }

    public ValueTask DisposeAsync()
    {
        if (!Directory.Exists(directory))
        {
            return ValueTask.CompletedTask; // it is gone already
        }

        _ = Tool.Kill(pid, 9);
        _ = Native.WaitPid(pid, out _, 0);
        Directory.Delete(directory, recursive: true);
        return ValueTask.CompletedTask;
    }
}
