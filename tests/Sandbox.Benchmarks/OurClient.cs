using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.RegularExpressions;
using System.Threading.Channels;
using MessagePack;
using Microsoft.AspNetCore.Http.Connections;
using Microsoft.AspNetCore.SignalR.Client;
using Microsoft.Extensions.DependencyInjection;

namespace Sandbox.Benchmarks;

/// <summary>A playground, and where the time of its launch went in milliseconds.</summary>
internal sealed record Launched(string Playground, string SandboxId, string Token, IReadOnlyDictionary<string, double> Phases);

/// <summary>A client of our public contract, as any would be.</summary>
internal sealed partial class OurClient(Uri address) : IDisposable
{
    private readonly HttpClient _http = new(new SocketsHttpHandler { UseProxy = false, UseCookies = false, MaxConnectionsPerServer = 64 })
    {
        BaseAddress = address,
        Timeout = TimeSpan.FromMinutes(6),
    };

    public void Dispose() => _http.Dispose();

    public async Task<string> NewGuestAsync()
    {
        using var answer = await _http.PostAsync(new Uri("api/v1/guests", UriKind.Relative), content: null);
        return (await ReadAsync(answer, 201)).GetProperty("token").GetString()!;
    }

    public Task<Launched> LaunchAsync(string token, string image) => LaunchAsync(token, "api/v1/playgrounds", new { image });

    /// <summary>A playground of an image with another isolation class than the image's.</summary>
    public Task<Launched> LaunchIsolatedAsync(string token, string image, string isolation) =>
        LaunchAsync(token, "api/v1/playgrounds", new { recipe = new { nodes = new[] { new { image, isolation } } } });

    /// <summary>A playground of a link.</summary>
    public Task<Launched> OpenLinkAsync(string token, string hash) => LaunchAsync(token, "api/v1/playgrounds", new { link = hash });

    /// <summary>A second playground of one's present state.</summary>
    public Task<Launched> ForkAsync(Launched launched) => LaunchAsync(launched.Token, $"api/v1/playgrounds/{launched.Playground}/fork", null);

    /// <summary>A private link of the present state; its hash.</summary>
    public async Task<string> SaveAsync(Launched launched)
    {
        using var request = Request(HttpMethod.Post, $"api/v1/playgrounds/{launched.Playground}/links", launched.Token);
        request.Content = JsonContent.Create(new { access = "private" });
        using var answer = await _http.SendAsync(request);
        return (await ReadAsync(answer, 201)).GetProperty("hash").GetString()!;
    }

    /// <summary>Deletes all links of somebody.</summary>
    public async Task DeleteLinksAsync(string token)
    {
        using var list = Request(HttpMethod.Get, "api/v1/links", token);
        using var links = await _http.SendAsync(list);
        foreach (var link in (await ReadAsync(links, 200)).GetProperty("links").EnumerateArray())
        {
            using var request = Request(HttpMethod.Delete, $"api/v1/links/{link.GetProperty("hash").GetString()}", token);
            using var answer = await _http.SendAsync(request);
            answer.EnsureSuccessStatusCode();
        }
    }

    /// <summary>Bytes of an image's layers.</summary>
    public async Task<long> ImageBytesAsync(string name)
    {
        using var answer = await _http.GetAsync(new Uri("api/v1/images", UriKind.Relative));
        return (await ReadAsync(answer, 200)).EnumerateArray().Single(image => image.GetProperty("name").GetString() == name).GetProperty("size").GetInt64();
    }

    /// <summary>Runs a script, which has to succeed.</summary>
    public Task ShellAsync(Launched launched, string script, TimeSpan? timeout = null) => OutputAsync(launched, ["sh", "-ec", script], timeout);

    /// <summary>What a command prints, which has to succeed.</summary>
    public async Task<string> OutputAsync(Launched launched, IReadOnlyList<string> command, TimeSpan? timeout = null)
    {
        using var request = Request(HttpMethod.Post, $"api/v1/sandboxes/{launched.SandboxId}/exec", launched.Token);
        request.Content = JsonContent.Create(new { command, timeoutSeconds = timeout?.TotalSeconds });
        using var answer = await _http.SendAsync(request);
        var result = await ReadAsync(answer, 200);
        return result.GetProperty("exitCode").GetInt32() == 0
            ? result.GetProperty("stdout").GetString()!
            : throw new InvalidDataException($"'{command[^1]}' failed: {result.GetProperty("stderr").GetString()}");
    }

    /// <summary>A link that opens a port to anybody.</summary>
    public async Task<Uri> PortLinkAsync(Launched launched, int port)
    {
        using var request = Request(HttpMethod.Post, string.Create(CultureInfo.InvariantCulture, $"api/v1/sandboxes/{launched.SandboxId}/ports/{port}/links"), launched.Token);
        using var answer = await _http.SendAsync(request);
        return new Uri((await ReadAsync(answer, 201)).GetProperty("url").GetString()!);
    }

    /// <summary>Whether the service starts sandboxes of an isolation class.</summary>
    public async Task<bool> HasClassAsync(string isolation)
    {
        using var answer = await _http.GetAsync(new Uri("api/v1/status", UriKind.Relative));
        return (await ReadAsync(answer, 200)).GetProperty("features").GetProperty("isolationClasses").EnumerateArray().Any(name => name.GetString() == isolation);
    }

    private async Task<Launched> LaunchAsync(string token, string path, object? body)
    {
        using var request = Request(HttpMethod.Post, path, token);
        request.Content = body is null ? null : JsonContent.Create(body);
        using var answer = await _http.SendAsync(request);
        var playground = await ReadAsync(answer, 201);
        var phases = new Dictionary<string, double>(StringComparer.Ordinal);
        if (answer.Headers.TryGetValues("Server-Timing", out var timings))
        {
            foreach (Match phase in Phase().Matches(string.Join(", ", timings)))
            {
                phases[phase.Groups["name"].Value] = double.Parse(phase.Groups["time"].Value, CultureInfo.InvariantCulture);
            }
        }

        return new Launched(
            playground.GetProperty("id").GetString()!,
            playground.GetProperty("sandboxes")[0].GetProperty("id").GetString()!,
            token,
            phases);
    }

    /// <summary>The state of its sandbox, and what its owner reads about it: why it ended, or what the host did to it.</summary>
    public async Task<(string State, string? Words)> StateAsync(Launched launched)
    {
        using var request = Request(HttpMethod.Get, $"api/v1/playgrounds/{launched.Playground}", launched.Token);
        using var answer = await _http.SendAsync(request);
        var playground = await ReadAsync(answer, 200);
        if (playground.GetProperty("state").GetString() == "ended")
        {
            return ("ended", playground.GetProperty("lease").GetProperty("message").GetString());
        }

        var sandbox = playground.GetProperty("sandboxes")[0];
        return (sandbox.GetProperty("state").GetString()!, sandbox.TryGetProperty("notice", out var notice) ? notice.GetString() : null);
    }

    public async Task RemoveAsync(Launched launched)
    {
        using var request = Request(HttpMethod.Delete, $"api/v1/playgrounds/{launched.Playground}", launched.Token);
        using var answer = await _http.SendAsync(request);
        answer.EnsureSuccessStatusCode();
    }

    public async Task EchoAsync(Launched launched)
    {
        using var request = Request(HttpMethod.Post, $"api/v1/sandboxes/{launched.SandboxId}/exec", launched.Token);
        request.Content = JsonContent.Create(new { command = (string[])["echo", "hello"] });
        using var answer = await _http.SendAsync(request);
        if ((await ReadAsync(answer, 200)).GetProperty("stdout").GetString() != "hello\n")
        {
            throw new InvalidDataException("echo said something else");
        }
    }

    /// <summary>A hub connection, as the page keeps one.</summary>
    public async Task<HubConnection> ConnectAsync(string token)
    {
        var hub = new HubConnectionBuilder()
            .WithUrl(new Uri(address, "hubs/terminal"), options =>
            {
                options.AccessTokenProvider = () => Task.FromResult<string?>(token);
                options.Transports = HttpTransportType.WebSockets;
                options.SkipNegotiation = true;
                options.WebSocketConfiguration = socket => socket.Proxy = null;
            })
            .AddMessagePackProtocol()
            .Build();
        await hub.StartAsync();
        return hub;
    }

    private static HttpRequestMessage Request(HttpMethod method, string path, string token)
    {
        var request = new HttpRequestMessage(method, new Uri(path, UriKind.Relative));
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return request;
    }

    private static async Task<JsonElement> ReadAsync(HttpResponseMessage answer, int status)
    {
        var text = await answer.Content.ReadAsStringAsync();
        if ((int)answer.StatusCode != status)
        {
            throw new InvalidDataException($"{answer.RequestMessage?.RequestUri} answered {(int)answer.StatusCode}: {text}");
        }

        return JsonDocument.Parse(text).RootElement;
    }

    [GeneratedRegex(@"(?<name>[a-z]+);dur=(?<time>[0-9.]+)", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Phase();
}

/// <summary>A stretch of output as the hub sends it.</summary>
[MessagePackObject]
public sealed class Item
{
    [Key("offset")]
    public long Offset { get; set; }

    [Key("data")]
    public byte[] Data { get; set; } = [];

    [Key("exitCode")]
    public int? ExitCode { get; set; }
}

/// <summary>A terminal of ours.</summary>
internal sealed class OurTerminal : Terminal
{
    private const int AckEvery = 64 * 1024;

    private readonly HubConnection _hub;
    private readonly string _id;
    private readonly Channel<ReadOnlyMemory<byte>> _output = Channel.CreateUnbounded<ReadOnlyMemory<byte>>();
    private readonly Task _pump;
    private long _acknowledged;

    private OurTerminal(HubConnection hub, string id, double opened)
    {
        _hub = hub;
        _id = id;
        OpenMilliseconds = opened;
        _pump = PumpAsync();
    }

    /// <summary>How long Open took.</summary>
    public double OpenMilliseconds { get; }

    protected override ChannelReader<ReadOnlyMemory<byte>> Output => _output;

    public static async Task<OurTerminal> OpenAsync(HubConnection hub, string sandbox)
    {
        var since = Stopwatch.GetTimestamp();
        var id = await hub.InvokeAsync<string>("Open", sandbox, 80, 24, null);
        return new OurTerminal(hub, id, Stopwatch.GetElapsedTime(since).TotalMilliseconds);
    }

    public override Task TypeAsync(ReadOnlyMemory<byte> keys) => _hub.SendAsync("Input", _id, keys.ToArray());

    public override async ValueTask DisposeAsync()
    {
        await _hub.DisposeAsync();
        await _pump;
    }

    protected override async Task TookAsync(long bytes)
    {
        if (bytes - _acknowledged >= AckEvery)
        {
            _acknowledged = bytes;
            await _hub.SendAsync("Ack", _id, bytes);
        }
    }

    private async Task PumpAsync()
    {
        try
        {
            await foreach (var item in _hub.StreamAsync<Item>("Attach", _id, 0L))
            {
                if (item.Data.Length > 0)
                {
                    _output.Writer.TryWrite(item.Data);
                }
            }
        }
        catch (Exception gone) when (gone is OperationCanceledException or InvalidOperationException or IOException)
        {
            // Its connection was closed.
        }
        finally
        {
            _output.Writer.TryComplete();
        }
    }
}
