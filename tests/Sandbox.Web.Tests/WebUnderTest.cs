using System.Diagnostics;
using System.Runtime.Versioning;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Sandbox.Core.Runtime;
using Sandbox.Testing;
using Sandbox.Web.Store;
using Xunit;

[assembly: SupportedOSPlatform("linux")]

namespace Sandbox.Web.Tests;

/// <summary>The whole web process on a port of its own, over the fake runtime and a real SQLite file.</summary>
internal sealed class WebUnderTest : IAsyncDisposable
{
    private readonly Dictionary<string, object> _settings;
    private WebApplication? _app;

    private WebUnderTest(Dictionary<string, object> settings) => _settings = settings;

    public string Home { get; } = Directory.CreateTempSubdirectory("sandbox-web-").FullName;

    public ShiftedTime Time { get; } = new();

    public FakeRuntime Runtime { get; } = new();

    /// <summary>A runtime in place of the fake one.</summary>
    private ISandboxRuntime? Real { get; init; }

    /// <summary>Maps endpoints of a test beside those of the process.</summary>
    private Action<IEndpointRouteBuilder>? Map { get; init; }

    public Uri Url { get; private set; } = new("http://127.0.0.1");

    public IServiceProvider Services => _app!.Services;

    /// <summary>Started, with a catalog of busybox that is ready.</summary>
    public static async Task<WebUnderTest> StartAsync(Dictionary<string, object>? settings = null, string[]? catalog = null, bool ready = true, Action<FakeRuntime>? runtime = null, Action<IEndpointRouteBuilder>? map = null, ISandboxRuntime? real = null)
    {
        var web = new WebUnderTest(settings ?? []) { Map = map, Real = real };
        runtime?.Invoke(web.Runtime);
        await File.WriteAllTextAsync(
            Path.Combine(web.Home, "catalog.json"),
            JsonSerializer.Serialize((catalog ?? ["busybox"]).Select(name => new { name, title = name.ToUpperInvariant(), description = "x", recipe = name })));
        await web.StartAgainAsync();
        if (ready)
        {
            var client = web.NewClient();
            await Until(async () => (await client.GetAsync("/api/v1/images")).Json!.AsArray().All(image => (string?)image!["state"] == "ready"));
        }

        return web;
    }

    /// <summary>Starts the process over the files the last one left.</summary>
    public async Task StartAgainAsync()
    {
        var settings = new Dictionary<string, object>(_settings)
        {
            ["Listen"] = "http://127.0.0.1:0",
            ["DataDirectory"] = Path.Combine(Home, "data"),
            ["ControlSocket"] = Path.Combine(Home, "control.sock"),
            ["CatalogFile"] = Path.Combine(Home, "catalog.json"),
            ["TutorialDirectory"] = Path.Combine(Home, "tutorials"),
        };
        var config = Path.Combine(Home, "web.json");
        await File.WriteAllTextAsync(config, JsonSerializer.Serialize(new Dictionary<string, object> { ["Sandbox"] = settings }));
        _app = SandboxWeb.Build(config, replace: services =>
        {
            services.AddSingleton(Real ?? Runtime);
            services.AddSingleton<TimeProvider>(Time);
            services.AddLogging(logging => logging.SetMinimumLevel(LogLevel.Error));
        });
        Assert.NotNull(_app);
        Map?.Invoke(_app);
        await StoreSetup.MigrateAsync(Path.Combine(Home, "data"));
        await _app.LoadAsync();
        await _app.StartAsync();
        Url = new Uri(_app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());
    }

    public async Task StopAsync()
    {
        await _app!.StopAsync();
        await _app.DisposeAsync();
        _app = null;
    }

    /// <summary>A browser without cookies yet.</summary>
    public Client NewClient() => new(Url);

    /// <summary>The secret part of a fresh sign-in link.</summary>
    public async Task<string> NewLinkTokenAsync() => new Uri(await _app!.NewAdminLinkAsync()).Query["?token=".Length..];

    /// <summary>A browser whose operator followed the link.</summary>
    public async Task<Client> NewOperatorAsync()
    {
        var client = NewClient();
        var answer = await client.SendAsync(HttpMethod.Post, "/admin/sign-in", new FormUrlEncodedContent([new("token", await NewLinkTokenAsync())]));
        Assert.Equal(303, answer.Status);
        return client;
    }

    public static async Task Until(Func<Task<bool>> condition)
    {
        // Longer than anything here takes on a busy host; only a failure waits for it.
        var began = Stopwatch.GetTimestamp();
        while (!await condition())
        {
            Assert.True(Stopwatch.GetElapsedTime(began) < TimeSpan.FromMinutes(2), "it did not come true within two minutes");
            await Task.Delay(25);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_app is not null)
        {
            await StopAsync();
        }

        Runtime.Dispose();
        Directory.Delete(Home, recursive: true);
    }
}

/// <summary>The real time, and as much later as a test wants.</summary>
internal sealed class ShiftedTime : TimeProvider
{
    public TimeSpan Shift { get; set; }

    public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + Shift;
}

/// <summary>What came back.</summary>
internal sealed record Answer(int Status, byte[] Body, HttpResponseMessage Message)
{
    public string Text => System.Text.Encoding.UTF8.GetString(Body);

    public JsonNode? Json => JsonNode.Parse(Body);

    public string? Code => (string?)Json!["code"];

    public string? Header(string name) =>
        Message.Headers.TryGetValues(name, out var values) || Message.Content.Headers.TryGetValues(name, out values) ? string.Join(", ", values) : null;
}

/// <summary>Any client of the REST contract: it keeps cookies, as a browser does.</summary>
internal sealed class Client : IDisposable
{
    private readonly HttpClient _http;

    public Client(Uri url)
    {
        var handler = new SocketsHttpHandler { AllowAutoRedirect = false, CookieContainer = Cookies };
        _http = new HttpClient(handler) { BaseAddress = url };
    }

    public System.Net.CookieContainer Cookies { get; } = new();

    public Dictionary<string, string> Headers { get; } = [];

    public Uri Url => _http.BaseAddress!;

    public Task<Answer> GetAsync(string path) => SendAsync(HttpMethod.Get, path);

    public Task<Answer> DeleteAsync(string path) => SendAsync(HttpMethod.Delete, path);

    public Task<Answer> PostAsync(string path, object? body = null) =>
        SendAsync(HttpMethod.Post, path, body is null ? null : new StringContent(body as string ?? JsonSerializer.Serialize(body), System.Text.Encoding.UTF8, "application/json"));

    public Task<Answer> PutAsync(string path, object body) =>
        SendAsync(HttpMethod.Put, path, new StringContent(JsonSerializer.Serialize(body), System.Text.Encoding.UTF8, "application/json"));

    public Task<Answer> PutBytesAsync(string path, byte[] body) => SendAsync(HttpMethod.Put, path, new ByteArrayContent(body));

    public Task<Answer> SendAsync(HttpMethod method, string path, HttpContent? content = null) =>
        SendUntilAsync(method, path, content, TestContext.Current.CancellationToken);

    /// <summary>As a browser whose user leaves when cancelled.</summary>
    public async Task<Answer> SendUntilAsync(HttpMethod method, string path, HttpContent? content, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(method, path) { Content = content };
        foreach (var (name, value) in Headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        using var response = await _http.SendAsync(request, cancellationToken);
        return new Answer((int)response.StatusCode, await response.Content.ReadAsByteArrayAsync(CancellationToken.None), response);
    }

    /// <summary>A running playground of busybox: its id and its sandbox's.</summary>
    public async Task<(string Playground, string Sandbox)> LaunchAsync(object? body = null)
    {
        var answer = await PostAsync("/api/v1/playgrounds", body ?? new { image = "busybox" });
        Assert.Equal(201, answer.Status);
        return ((string)answer.Json!["id"]!, (string)answer.Json!["sandboxes"]![0]!["id"]!);
    }

    public void Dispose() => _http.Dispose();
}
