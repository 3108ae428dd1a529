using System.Globalization;
using Sandbox.Daemon.Linux;
using Sandbox.Daemon.Tests.Images;
using Xunit;

namespace Sandbox.Daemon.Tests.Registry;

/// <summary>The service that keeps images of public registries, with a registry of this test as the public one, asked by skopeo.</summary>
public sealed class UpstreamsTests
{
    private static CancellationToken Now => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_was_pulled_once_is_served_while_its_registry_is_away()
    {
        await using var test = await StoreUnderTest.OpenAsync();
        using var files = new Files();
        await using var upstream = await TestRegistry.StartAsync(test);
        await upstream.PushAsync(new ImageBuilder().Layer(new TarBuilder().File("kept")), "library/kept:1");
        await upstream.PushAsync(new ImageBuilder().Layer(new TarBuilder().File("unasked")), "library/unasked:1");
        await files.ConfigureAsync($"docker.io=http://{upstream.Host}");
        using (Service.Start(files))
        {
            await test.UntilPulledAsync(files, "library/kept:1");
            await Until(() => files.Blobs == 3); // the client has a layer before the cache has it
            await upstream.DisposeAsync();
            Assert.True(await test.PullsAsync(files, "library/kept:1"));
            Assert.False(await test.PullsAsync(files, "library/unasked:1"));
        }

        // Distribution alone would not start now.
        using var after = Service.Start(files);
        await test.UntilPulledAsync(files, "library/kept:1");
        Assert.False(await test.PullsAsync(files, "library/unasked:1"));
    }

    [Fact]
    public async Task The_oldest_is_dropped_and_fetched_again()
    {
        await using var test = await StoreUnderTest.OpenAsync();
        await using var upstream = await TestRegistry.StartAsync(test);
        using var files = new Files();
        await upstream.PushAsync(new ImageBuilder().Layer(new TarBuilder().File("file")), "library/old:1");
        await files.ConfigureAsync($"docker.io=http://{upstream.Host}");
        using var service = Service.Start(files);
        await test.UntilPulledAsync(files, "library/old:1");
        await Until(() => files.Blobs == 3);

        // As if it had been read before everything else, and something large since then.
        foreach (var blob in files.BlobPaths)
        {
            File.SetLastAccessTimeUtc(blob, new DateTime(2020, 1, 1, 0, 0, 0, DateTimeKind.Utc));
        }

        var large = Path.Combine(files.Data, "docker.io", "docker", "registry", "v2", "blobs", "sha256", "large");
        await test.Tool.RunOrThrowAsync("fallocate", ["-l", "30M", large], cancellationToken: Now);
        await test.Tool.RunOrThrowAsync("fallocate", ["-l", "2M", large + "r"], cancellationToken: Now);

        await Until(() => files.Blobs == 0);
        Assert.True(await test.PullsAsync(files, "library/old:1"));
    }

    private static async Task Until(Func<bool> condition)
    {
        for (var attempt = 0; !condition(); attempt++)
        {
            Assert.True(attempt < 600, "it does not come to pass");
            await Task.Delay(50, Now);
        }
    }

    /// <summary>What the service is given: settings, an address of the loopback that nobody else has, and a directory.</summary>
    internal sealed class Files : IDisposable
    {
        private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("upstreams-");

        public string Settings => Path.Combine(_directory.FullName, "settings");

        public string AddressFile => Path.Combine(_directory.FullName, "address");

        public string Data => Path.Combine(_directory.FullName, "data");

        public string Host { get; } = string.Create(CultureInfo.InvariantCulture, $"127.{Random.Shared.Next(1, 250)}.{Random.Shared.Next(1, 250)}.{Random.Shared.Next(2, 250)}");

        /// <summary>Files that stay: beside them a fetch that has just ended removes its own.</summary>
        public IEnumerable<string> BlobPaths => Directory.Exists(Data) ? Directory.EnumerateFiles(Data, "data", SearchOption.AllDirectories).Where(path => path.Contains("/blobs/", StringComparison.Ordinal)) : [];

        public int Blobs => BlobPaths.Count();

        public async Task ConfigureAsync(string names)
        {
            Directory.CreateDirectory(Data);
            await File.WriteAllTextAsync(Settings, $"names='{names}'\nmib=31\nkeep=0\npause=0.2\n", Now);
            await File.WriteAllTextAsync(AddressFile, $"{Host}:80\n", Now);
        }

        public void Dispose() => _directory.Delete(recursive: true);
    }

    internal sealed class Service(int pid) : IDisposable
    {
        public static Service Start(Files files)
        {
            using var nothing = File.OpenHandle("/dev/null", FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
            return new Service(Tool.Spawn(Script(), [files.Settings, files.AddressFile, files.Data], nothing, nothing, nothing));
        }

        /// <summary>It takes its registries with it.</summary>
        public void Dispose()
        {
            _ = Tool.Kill(pid, 15);
            _ = Native.WaitPid(pid, out _, 0);
        }

        private static string Script()
        {
            var directory = new DirectoryInfo(AppContext.BaseDirectory);
            while (!File.Exists(Path.Combine(directory.FullName, "Sandbox.sln")))
            {
                directory = directory.Parent!;
            }

            return Path.Combine(directory.FullName, "infra", "upstreams");
        }
    }
}

file static class Pulls
{
    public static async Task<bool> PullsAsync(this StoreUnderTest test, UpstreamsTests.Files files, string name)
    {
        var to = Directory.CreateTempSubdirectory("pulled-");
        try
        {
            return (await test.Tool.RunAsync("skopeo", ["copy", "-q", "--src-tls-verify=false", $"docker://{files.Host}:5001/{name}", $"oci:{to.FullName}"], cancellationToken: TestContext.Current.CancellationToken)).Ok;
        }
        finally
        {
            to.Delete(recursive: true);
        }
    }

    public static async Task UntilPulledAsync(this StoreUnderTest test, UpstreamsTests.Files files, string name)
    {
        for (var attempt = 0; !await test.PullsAsync(files, name); attempt++)
        {
            Assert.True(attempt < 100, $"{name} is not pulled");
            await Task.Delay(100, TestContext.Current.CancellationToken);
        }
    }
}
