using System.Net;
using Microsoft.AspNetCore.Http.Features;
using Sandbox.Core.Errors;
using Sandbox.Core.Runtime;
using Sandbox.Web.Http;
using Yarp.ReverseProxy.Forwarder;

namespace Sandbox.Web.Previews;

/// <summary>Answers every request to the origin of a port: with what the program there says, once the visitor has shown a pass.</summary>
internal sealed class PreviewProxy : IDisposable
{
    /// <summary>On the origin of every port, ours rather than the program's: exchanges the pass in the address for a cookie.</summary>
    public const string OpenPath = "/.sandbox/open";

    /// <summary>Below the name of a port no server of the host is ever looked up.</summary>
    private const string Nowhere = ".port.invalid";

    /// <summary>Connections to one port at once; what comes then waits.</summary>
    private const int MostConnections = 200;

    private readonly ForwarderRequestConfig _plain;
    private readonly ForwarderRequestConfig _grpc;
    private readonly PreviewTransformer _transformer;
    private readonly PreviewDomain _domain;
    private readonly PreviewPasses _passes;
    private readonly IHttpForwarder _forwarder;
    private readonly AddressRates _rates;
    private readonly HttpMessageInvoker _client;

    public PreviewProxy(PreviewDomain domain, PreviewPasses passes, IHttpForwarder forwarder, AddressRates rates, ISandboxRuntime runtime, Origins origins, WebOptions options)
    {
        (_domain, _passes, _forwarder, _rates) = (domain, passes, forwarder, rates);
        _transformer = new PreviewTransformer(origins);

        // Bytes in either direction end the silence, and so do pings of a WebSocket: they are bytes like any others.
        var silence = TimeSpan.FromSeconds(options.Limits.PreviewSilenceSeconds);
        _plain = new() { ActivityTimeout = silence, Version = HttpVersion.Version11, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        _grpc = new() { ActivityTimeout = silence, Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        _client = new HttpMessageInvoker(new SocketsHttpHandler
        {
            UseProxy = false,
            UseCookies = false,
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.None,
            ActivityHeadersPropagator = null,
            EnableMultipleHttp2Connections = true,
            MaxConnectionsPerServer = MostConnections,
            PooledConnectionIdleTimeout = TimeSpan.FromSeconds(15),
            ConnectCallback = async (connection, cancellation) =>
            {
                var port = PreviewDomain.Read(connection.DnsEndPoint.Host[..^Nowhere.Length]) ?? throw new InvalidOperationException("not the name of a port");
                return await runtime.Ports.ConnectAsync(port.Sandbox, port.Port, cancellation) ?? throw new PortClosedException();
            },
        });
    }

    /// <summary>Passes on what is not for a port.</summary>
    public async Task HandleAsync(HttpContext context, RequestDelegate next)
    {
        if (_domain.Of(context.Request.Host) is { } port)
        {
            await _rates.CheckAsync(context, _ => AnswerAsync(context, port));
            return;
        }

        await next(context);
    }

    public void Dispose() => _client.Dispose();

    private async Task AnswerAsync(HttpContext context, SandboxPort port)
    {
        if (context.Request.Path == OpenPath)
        {
            await OpenAsync(context, port);
        }
        else if (IsAdmitted(context, port))
        {
            await ForwardAsync(context, port);
        }
        else
        {
            await PreviewPages.WritePrivateAsync(context);
        }
    }

    private bool IsAdmitted(HttpContext context, SandboxPort port)
    {
        var request = context.Request;
        var isVisit = _passes.Read(request.Cookies[PreviewTransformer.Cookie], port) is not null || _passes.Read(request.Headers[PreviewTransformer.PassHeader], port) is not null;

        // A tab has the cookie of frames too, if the previews are below the same domain as we are.
        if ((!isVisit || request.Headers["Sec-Fetch-Site"] != "same-origin") && _passes.Read(request.Cookies[PreviewTransformer.FrameCookie], port) is not null)
        {
            context.Features.Set(new FromFrame());
            return true;
        }

        return isVisit;
    }

    private async Task OpenAsync(HttpContext context, SandboxPort port)
    {
        var query = context.Request.Query;
        if (_passes.Read(query["pass"], port) is not { } until)
        {
            await PreviewPages.WritePrivateAsync(context);
            return;
        }

        var isFrame = query["frame"] == "1";
        var cookie = new CookieOptions
        {
            HttpOnly = true,
            Secure = isFrame || context.Request.IsHttps,
            SameSite = isFrame ? SameSiteMode.None : SameSiteMode.Lax,
            Path = "/",
            Expires = until,
        };
        if (isFrame)
        {
            // Kept for frames in pages of our site alone. Browsers take Secure for an address below localhost too.
            cookie.Extensions.Add("Partitioned");
        }

        context.Response.Cookies.Append(isFrame ? PreviewTransformer.FrameCookie : PreviewTransformer.Cookie, _passes.Issue(port, until, until), cookie);
        context.Response.Headers["Referrer-Policy"] = "no-referrer";
        context.Response.Headers.CacheControl = "no-store";
        context.Response.StatusCode = StatusCodes.Status303SeeOther;
        context.Response.Headers.Location = LocalPath(query["path"]);
    }

    /// <summary>A path on this origin: <c>//elsewhere</c> and <c>/\elsewhere</c> would be another one.</summary>
    private static string LocalPath(string? path) =>
        path is ['/', ..] && Uri.TryCreate(new Uri("http://here"), path, out var whole) && whole is { Scheme: "http", Authority: "here" } && !whole.AbsolutePath.StartsWith("//", StringComparison.Ordinal)
            ? whole.PathAndQuery + whole.Fragment
            : "/";

    private async Task ForwardAsync(HttpContext context, SandboxPort port)
    {
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } body)
        {
            body.MaxRequestBodySize = null; // the program decides; nothing of it is kept here
        }

        var error = await _forwarder.SendAsync(context, $"http://{PreviewDomain.LabelOf(port)}{Nowhere}/", _client, PreviewPages.IsGrpc(context.Request) ? _grpc : _plain, _transformer);
        if (error == ForwarderError.None || context.Response.HasStarted || context.RequestAborted.IsCancellationRequested)
        {
            return;
        }

        context.Response.Clear();
        await (Causes(context.GetForwarderErrorFeature()?.Exception).FirstOrDefault(cause => cause is SandboxException or PortClosedException or HttpRequestException { HttpRequestError: HttpRequestError.InvalidResponse }) switch
        {
            PortClosedException => PreviewPages.WriteClosedAsync(context, port.Port),
            SandboxException { Code: ErrorCode.NotFound } => PreviewPages.WriteEndedAsync(context),
            SandboxException { Code: ErrorCode.Conflict } => PreviewPages.WritePausedAsync(context),
            SandboxException fault => context.WriteProblemAsync(fault),
            HttpRequestException => PreviewPages.WriteNotHttpAsync(context, port.Port),
            _ => PreviewPages.WriteBrokenAsync(context),
        });
    }

    private static IEnumerable<Exception> Causes(Exception? fault)
    {
        for (; fault is not null; fault = fault.InnerException)
        {
            yield return fault;
        }
    }

    private sealed class PortClosedException : IOException;
}
