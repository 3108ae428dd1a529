using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.SignalR.Client;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Sandbox.EndToEnd.Tests.Contract;

/// <summary>An answer of the server.</summary>
internal sealed record Answer(int Status, byte[] Body, HttpResponseMessage Message)
{
    public string Text => Encoding.UTF8.GetString(Body);

    public JsonNode Json => JsonNode.Parse(Body)!;

    /// <summary>The code of a problem, which has to follow RFC 9457.</summary>
    public string Code
    {
        get
        {
            Assert.Equal("application/problem+json", Message.Content.Headers.ContentType?.MediaType);
            Assert.Equal(Status, (int?)Json["status"]);
            Assert.False(string.IsNullOrEmpty((string?)Json["title"]));
            Assert.False(string.IsNullOrEmpty((string?)Json["detail"]));
            return (string)Json["code"]!;
        }
    }

    public string? Header(string name) =>
        Message.Headers.TryGetValues(name, out var values) || Message.Content.Headers.TryGetValues(name, out values) ? string.Join(", ", values) : null;
}

/// <summary>
/// Any client of the contract, from a loopback address of its own, so that one test's requests are not counted with
/// another's. Disposing it ends its playgrounds.
/// </summary>
internal sealed class Caller : IAsyncDisposable
{
    private static int _addresses = Random.Shared.Next(1, 1 << 21);

    private readonly HttpClient _http;
    private readonly IPAddress _address;
    private string? _token;

    public Caller()
    {
        _address = NewAddress();
        _http = new HttpClient(new SocketsHttpHandler
        {
            UseProxy = false,
            AllowAutoRedirect = false,
            CookieContainer = Cookies,
            ConnectCallback = async (_, cancellation) => new NetworkStream(await ConnectSocketAsync(cancellation), ownsSocket: true),
        })
        {
            BaseAddress = Instance.Url,
            Timeout = TimeSpan.FromMinutes(5),
        };
    }

    public CookieContainer Cookies { get; } = new();

    public Dictionary<string, string> Headers { get; } = [];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>A caller with a guest's token.</summary>
    public static async Task<Caller> NewGuestAsync()
    {
        var caller = new Caller();
        caller._token = await caller.NewTokenAsync();
        caller.Headers["Authorization"] = "Bearer " + caller._token;
        return caller;
    }

    /// <summary>A browser whose operator followed a link.</summary>
    public static async Task<Caller> NewOperatorAsync()
    {
        var caller = new Caller();
        var link = await Instance.NewAdminLinkAsync();
        Assert.Equal(303, (await caller.SendAsync(HttpMethod.Post, "/admin/sign-in", new FormUrlEncodedContent([new("token", link.Query["?token=".Length..])]))).Status);
        return caller;
    }

    public async Task<string> NewTokenAsync()
    {
        var answer = await SendAsync(HttpMethod.Post, "/api/v1/guests");
        Assert.Equal(201, answer.Status);
        return (string)answer.Json["token"]!;
    }

    public Task<Answer> GetAsync(string path) => SendAsync(HttpMethod.Get, path);

    public Task<Answer> DeleteAsync(string path) => SendAsync(HttpMethod.Delete, path);

    public Task<Answer> PostAsync(string path, object? body = null) =>
        SendAsync(HttpMethod.Post, path, body is null ? null : new StringContent(body as string ?? JsonSerializer.Serialize(body), Encoding.UTF8, "application/json"));

    public Task<Answer> PutJsonAsync(string path, object body) =>
        SendAsync(HttpMethod.Put, path, new StringContent(JsonSerializer.Serialize(body), Encoding.UTF8, "application/json"));

    public Task<Answer> PutAsync(string path, byte[] body) => SendAsync(HttpMethod.Put, path, new ByteArrayContent(body));

    public async Task<Answer> SendAsync(HttpMethod method, string path, HttpContent? content = null)
    {
        using var response = await SendAsync(method, path, content, HttpCompletionOption.ResponseContentRead);
        return new Answer((int)response.StatusCode, await response.Content.ReadAsByteArrayAsync(Cancellation), response);
    }

    public async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, HttpContent? content, HttpCompletionOption until)
    {
        // Sent unchanged: a client that folds .. or decodes %2F would hide how the server treats them.
        using var request = new HttpRequestMessage(method, new Uri(Instance.Url.GetLeftPart(UriPartial.Authority) + path, new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true })) { Content = content };
        foreach (var (name, value) in Headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        return await _http.SendAsync(request, until, Cancellation);
    }

    /// <summary>A running playground: its id and its sandbox's.</summary>
    public async Task<(string Playground, string Sandbox)> LaunchAsync(object? body = null)
    {
        var answer = await PostAsync("/api/v1/playgrounds", body ?? new { image = "busybox" });
        Assert.True(answer.Status == 201, answer.Text);
        return ((string)answer.Json["id"]!, (string)answer.Json["sandboxes"]![0]!["id"]!);
    }

    public async Task<JsonNode> ExecAsync(string sandbox, params string[] command)
    {
        // Docker, for example, takes its time on a busy host.
        var answer = await PostAsync($"/api/v1/sandboxes/{sandbox}/exec", new { command, timeoutSeconds = 240 });
        Assert.True(answer.Status == 200, answer.Text);
        return answer.Json;
    }

    public async Task<string> ShellAsync(string sandbox, string line) => (string)(await ExecAsync(sandbox, "sh", "-c", line))["stdout"]!;

    /// <summary>The playground's id in a state, once it is in it.</summary>
    public async Task<JsonNode> UntilAsync(string playground, Func<JsonNode, bool> condition, int seconds = 60)
    {
        JsonNode? seen = null;
        await Instance.UntilAsync(
            async () =>
            {
                var answer = await GetAsync("/api/v1/playgrounds/" + playground);
                return answer.Status == 200 && condition(seen = answer.Json);
            },
            seconds);
        return seen!;
    }

    public async Task<HubConnection> ConnectAsync(bool messagePack = true)
    {
        var builder = new HubConnectionBuilder().WithUrl(new Uri(Instance.Url, "/hubs/terminal"), options =>
        {
            options.AccessTokenProvider = () => Task.FromResult(_token);
            options.Proxy = null;
        });
        if (messagePack)
        {
            builder.AddMessagePackProtocol();
        }

        var hub = builder.Build();
        hub.HandshakeTimeout = TimeSpan.FromSeconds(30);
        await hub.StartAsync(Cancellation);
        return hub;
    }

    /// <summary>A socket to the hub, for messages that no hub client sends; from an address of its own, since there may be hundreds.</summary>
    public async Task<WebSocket> ConnectWebSocketAsync()
    {
        var address = NewAddress();
        var socket = new ClientWebSocket();
        using var http = new HttpMessageInvoker(new SocketsHttpHandler
        {
            UseProxy = false,
            ConnectCallback = async (_, cancellation) => new NetworkStream(await ConnectSocketAsync(address, cancellation), ownsSocket: true),
        });
        await socket.ConnectAsync(new UriBuilder(Instance.Url) { Scheme = "ws", Path = "/hubs/terminal", Query = "access_token=" + _token }.Uri, http, Cancellation);
        return socket;
    }

    /// <summary>
    /// Sends bytes that no client library sends, and reads until the server hangs up, or is silent for three seconds. A busy
    /// one may take longer before it answers at all.
    /// </summary>
    public async Task<string> SpeakAsync(string request)
    {
        using var socket = await ConnectSocketAsync(Cancellation);
        await socket.SendAsync(Encoding.Latin1.GetBytes(request), SocketFlags.None, Cancellation);
        var heard = new StringBuilder();
        var buffer = new byte[16 * 1024];
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        patience.CancelAfter(TimeSpan.FromSeconds(45)); // some requests are never answered
        try
        {
            for (int read; (read = await socket.ReceiveAsync(buffer, SocketFlags.None, patience.Token)) > 0;)
            {
                heard.Append(Encoding.Latin1.GetString(buffer, 0, read));
                patience.CancelAfter(TimeSpan.FromSeconds(3));
            }
        }
        catch (Exception over) when (over is OperationCanceledException or SocketException)
        {
            // It keeps the connection, or cut it: the bytes read so far are the answer.
        }

        return heard.ToString();
    }

    public Task<Socket> ConnectSocketAsync(CancellationToken cancellation) => ConnectSocketAsync(_address, cancellation);

    /// <summary>A loopback address that nobody else asks from.</summary>
    public static IPAddress NewAddress()
    {
        var number = Interlocked.Increment(ref _addresses);
        return new IPAddress([127, (byte)(64 + ((number >> 15) & 63)), (byte)(number >> 7), (byte)((number & 127) + 1)]);
    }

    public static async Task<Socket> ConnectSocketAsync(IPAddress from, CancellationToken cancellation)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            socket.Bind(new IPEndPoint(from, 0));
            await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, Instance.Url.Port), cancellation);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        try
        {
            if (_token is not null || Cookies.Count > 0)
            {
                Headers.Remove("Origin");
                foreach (var playground in (await GetAsync("/api/v1/playgrounds")).Json.AsArray().Where(playground => (string?)playground!["state"] != "ended"))
                {
                    await DeleteAsync(string.Create(CultureInfo.InvariantCulture, $"/api/v1/playgrounds/{playground!["id"]}"));
                }
            }
        }
        catch (Exception fault) when (fault is HttpRequestException or OperationCanceledException or JsonException or InvalidOperationException)
        {
            // The test that stopped the server has failed with a message already.
        }

        _http.Dispose();
    }
}
