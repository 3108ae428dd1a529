using System.Net;
using System.Net.Sockets;
using System.Text;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;
using Sandbox.Testing;
using Xunit;

namespace Sandbox.Web.Tests.Previews;

/// <summary>Clients of gRPC, which speak HTTP/2 without TLS from their first byte on, at the address that has HTTP/1.1 too.</summary>
public sealed class GrpcTests(PreviewSite site) : IClassFixture<PreviewSite>
{
    private static readonly Marshaller<string> Text = Marshallers.Create(Encoding.UTF8.GetBytes, Encoding.UTF8.GetString);
    private static readonly Method<string, string> Chat = new(MethodType.DuplexStreaming, "test.Echo", "Chat", Text, Text);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Calls_stream_both_ways_and_end_with_their_status()
    {
        using var visit = await PreviewVisit.NewAsync(site.Web, 50051);
        await using var program = await ProgramAsync(50051);
        using var channel = Channel(visit);
        using var call = channel.CreateCallInvoker().AsyncDuplexStreamingCall(Chat, null, new CallOptions([new("sandbox-pass", visit.Pass)], cancellationToken: Cancel));
        foreach (var word in new[] { "one", "two" })
        {
            // Each is answered before the next is sent: nothing is held back on the way.
            await call.RequestStream.WriteAsync(word, Cancel);
            Assert.True(await call.ResponseStream.MoveNext(Cancel));
            Assert.Equal(word + "!", call.ResponseStream.Current);
        }

        await call.RequestStream.CompleteAsync();
        var fault = await Assert.ThrowsAsync<RpcException>(() => call.ResponseStream.MoveNext(Cancel));
        Assert.Equal((StatusCode.AlreadyExists, "enough"), (fault.StatusCode, fault.Status.Detail));
        Assert.Equal("no", fault.Trailers.GetValue("had-pass"));
        Assert.Equal(visit.Host, fault.Trailers.GetValue("host"));

        // The same address, another protocol.
        Assert.Equal(400, (await visit.GetAsync()).Status); // of the program, which has HTTP/2 alone
        Assert.Equal(200, (await visit.Owner.GetAsync("/healthz")).Status);
    }

    [Fact]
    public async Task Our_own_refusals_are_statuses_of_gRPC()
    {
        using var visit = await PreviewVisit.NewAsync(site.Web, 50052);
        using var channel = Channel(visit);
        Assert.Equal(StatusCode.Unavailable, await StatusAsync(visit.Pass));
        Assert.Equal(StatusCode.PermissionDenied, await StatusAsync("nothing"));

        async Task<StatusCode> StatusAsync(string pass)
        {
            using var call = channel.CreateCallInvoker().AsyncDuplexStreamingCall(Chat, null, new CallOptions([new("sandbox-pass", pass)], cancellationToken: Cancel));
            return (await Assert.ThrowsAsync<RpcException>(() => call.ResponseStream.MoveNext(Cancel))).StatusCode;
        }
    }

    [Fact]
    public async Task A_connection_that_begins_like_HTTP2_and_is_not_is_served_as_what_it_is()
    {
        foreach (var (bytes, answer) in new[] { ("PRX / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "HTTP/1.1 40"), ("PRI / HTTP/1.1\r\n\r\n", ""), ("P", "") })
        {
            using var client = new TcpClient();
            await client.ConnectAsync(site.Web.Url.Host, site.Web.Url.Port, Cancel);
            var stream = client.GetStream();
            try
            {
                foreach (var one in bytes)
                {
                    await stream.WriteAsync(new[] { (byte)one }, Cancel);
                }
            }
            catch (IOException)
            {
                // It was refused before all of it was sent.
            }

            if (bytes.Length == 1)
            {
                client.Client.Shutdown(SocketShutdown.Send);
            }

            using var reader = new StreamReader(stream, Encoding.Latin1);
            Assert.StartsWith(answer, await ReadToEndAsync(reader), StringComparison.Ordinal);
        }
    }

    /// <summary>What came until the server closed or reset the connection.</summary>
    private static async Task<string> ReadToEndAsync(StreamReader reader)
    {
        var text = new StringBuilder();
        var buffer = new char[1024];
        try
        {
            while (await reader.ReadAsync(buffer.AsMemory(), Cancel) is > 0 and var count)
            {
                text.Append(buffer, 0, count);
            }
        }
        catch (IOException)
        {
            // Reset: bytes that the server had not read were left.
        }

        return text.ToString();
    }

    private GrpcChannel Channel(PreviewVisit visit) => GrpcChannel.ForAddress($"http://{visit.Host}", new GrpcChannelOptions
    {
        // The name of the port need not mean this computer here.
        HttpHandler = new SocketsHttpHandler
        {
            ConnectCallback = async (_, cancellation) =>
            {
                var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
                await socket.ConnectAsync(site.Web.Url.Host, site.Web.Url.Port, cancellation);
                return new NetworkStream(socket, ownsSocket: true);
            },
        },
        DisposeHttpClient = true,
    });

    /// <summary>A server of HTTP/2 alone that answers each message at once.</summary>
    private async Task<WebApplication> ProgramAsync(int port)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http2));
        var app = builder.Build();
        app.MapPost("/test.Echo/Chat", async context =>
        {
            context.Response.ContentType = "application/grpc";
            await context.Response.StartAsync(Cancel);
            var head = new byte[5];
            while (await context.Request.Body.ReadAtLeastAsync(head, 5, throwOnEndOfStream: false, Cancel) == 5)
            {
                // A message: one byte that says whether it is compressed, its length in four, its bytes.
                var message = new byte[head[4]];
                await context.Request.Body.ReadExactlyAsync(message, Cancel);
                await context.Response.Body.WriteAsync(new byte[] { 0, 0, 0, 0, (byte)(message.Length + 1) }, Cancel);
                await context.Response.Body.WriteAsync(message.Append((byte)'!').ToArray(), Cancel);
                await context.Response.Body.FlushAsync(Cancel);
            }

            context.Response.AppendTrailer("grpc-status", "6");
            context.Response.AppendTrailer("grpc-message", "enough");
            context.Response.AppendTrailer("had-pass", context.Request.Headers.ContainsKey("sandbox-pass") ? "yes" : "no");
            context.Response.AppendTrailer("host", context.Request.Host.Value);
        });
        await app.StartAsync(Cancel);
        ((FakePorts)site.Web.Runtime.Ports).Servers[port] = new IPEndPoint(IPAddress.Loopback, new Uri(app.Urls.First()).Port);
        return app;
    }
}
