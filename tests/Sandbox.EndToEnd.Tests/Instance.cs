using System.Diagnostics;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Sandbox.EndToEnd.Tests.Contract;
using Xunit;

[assembly: AssemblyFixture(typeof(Sandbox.EndToEnd.Tests.Instance))]

namespace Sandbox.EndToEnd.Tests;

/// <summary>The instance that infra/test started. Kills its processes.</summary>
public sealed class Instance : IAsyncLifetime
{
    /// <summary>The images the tests launch.</summary>
    private static readonly string[] Needed = ["busybox", "debian", "python"];

    private static readonly TimeSpan ImagesMayTake = TimeSpan.FromMinutes(6);

    private readonly string _infra = Path.Combine(SourceDirectory(), "infra");

    public Uri Url { get; } = new(Required("SANDBOX_URL"));

    /// <summary>The directory that holds everything of the instance.</summary>
    public string Home { get; } = Required("SANDBOX_HOME");

    public async ValueTask InitializeAsync()
    {
        using var client = NewClient();
        await Eventually.TrueAsync(
            async () =>
            {
                var images = (await client.GetFromJsonNodeAsync("/api/v1/images")).AsArray();
                Assert.DoesNotContain(images, image => (string)image!["state"]! == "failed" && Needed.Contains((string)image["name"]!));
                return Needed.All(name => images.Any(image => (string)image!["name"]! == name && (string)image["state"]! == "ready"));
            },
            "the images to be ready",
            ImagesMayTake);
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    /// <summary>A client that keeps no cookies and knows no proxy, at an address of its own, because rates are counted by address.</summary>
    public HttpClient NewClient()
    {
        var address = Caller.NewAddress();
        return new(new SocketsHttpHandler
        {
            UseProxy = false,
            UseCookies = false,
            ConnectCallback = async (_, cancellation) => new NetworkStream(await Caller.ConnectSocketAsync(address, cancellation), ownsSocket: true),
        })
        {
            BaseAddress = Url,
            Timeout = TimeSpan.FromSeconds(100),
        };
    }

    /// <summary>A client that is a guest of its own.</summary>
    public async Task<Guest> NewGuestAsync()
    {
        var client = NewClient();
        var answer = await client.PostAsync("/api/v1/guests", content: null);
        Assert.Equal(201, (int)answer.StatusCode);
        var token = (string)JsonNode.Parse(await answer.Content.ReadAsStringAsync())!["token"]!;
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return new Guest(client);
    }

    /// <summary>The process of a service, web or daemon; null while it does not run.</summary>
    public async Task<int?> PidAsync(string service)
    {
        var status = JsonNode.Parse(await RunAsync(Path.Combine(_infra, "status"), "--json"))!;
        return (int?)status[service]!["pid"];
    }

    /// <summary>kill -9, and waits until the supervisor has another process that answers.</summary>
    public async Task KillAsync(string service) =>
        await KillAsync(service, await PidAsync(service) ?? throw new InvalidOperationException($"{service} does not run"));

    /// <summary>The same at once, for a process that was found before.</summary>
    public async Task KillAsync(string service, int killed)
    {
        using (var process = Process.GetProcessById(killed))
        {
            process.Kill();
        }

        using var client = NewClient();
        await Eventually.TrueAsync(
            async () => await PidAsync(service) is { } now && now != killed && (await client.GetAsync("/readyz")).IsSuccessStatusCode,
            $"{service} to be back");
    }

    /// <summary>A link that signs an operator in, once.</summary>
    public async Task<string> AdminLinkAsync()
    {
        var output = await RunAsync(
            "setpriv", "--reuid=sandbox-web", "--regid=sandbox-web", "--clear-groups", "--", "env", "-C", "/",
            Path.Combine(Home, "lib/web/Sandbox.Web"), "--config", Path.Combine(Home, "etc/web.json"), "--admin-link");
        return output.Split('\n').Last(line => line.StartsWith("http", StringComparison.Ordinal)).Trim();
    }

    private static async Task<string> RunAsync(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return process.ExitCode == 0 ? output : throw new InvalidOperationException($"{program} ended with {process.ExitCode}: {await error}");
    }

    private static string Required(string variable) =>
        Environment.GetEnvironmentVariable(variable) is { Length: > 0 } value
            ? value
            : throw new InvalidOperationException($"{variable} is not set: these tests need a running instance. infra/test starts one and runs them.");

    /// <summary>The root of the source tree.</summary>
    internal static string SourceDirectory()
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(directory.FullName, "Sandbox.sln")))
        {
            directory = directory.Parent ?? throw new InvalidOperationException("Run the tests from within the source tree.");
        }

        return directory.FullName;
    }
}
