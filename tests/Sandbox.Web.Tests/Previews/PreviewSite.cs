using System.Net.Http.Headers;
using Xunit;

namespace Sandbox.Web.Tests.Previews;

/// <summary>One web process for all tests of previews.</summary>
public sealed class PreviewSite : IAsyncLifetime
{
    internal WebUnderTest Web { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Web = await WebUnderTest.StartAsync();

    public ValueTask DisposeAsync() => Web.DisposeAsync();
}

/// <summary>A sandbox, and somebody who has a pass to one of its ports.</summary>
internal sealed class PreviewVisit : IDisposable
{
    private readonly SocketsHttpHandler _handler = new() { AllowAutoRedirect = false, UseCookies = false };

    private PreviewVisit(WebUnderTest web, Client owner, string sandbox, int port, string pass)
    {
        (Owner, Sandbox, Pass) = (owner, sandbox, pass);
        Host = $"{port}-{sandbox}.localhost:{web.Url.Port}";
        Http = new HttpClient(_handler, disposeHandler: false) { BaseAddress = web.Url };
    }

    public Client Owner { get; }

    public string Sandbox { get; }

    public string Host { get; }

    public string Pass { get; }

    public HttpClient Http { get; }

    public static async Task<PreviewVisit> NewAsync(WebUnderTest web, int port)
    {
        var owner = web.NewClient();
        owner.Headers["Authorization"] = "Bearer " + (string)(await owner.PostAsync("/api/v1/guests")).Json!["token"]!;
        var (_, sandbox) = await owner.LaunchAsync();
        var link = await owner.PostAsync($"/api/v1/sandboxes/{sandbox}/ports/{port}/links");
        Assert.Equal(201, link.Status);
        Assert.EndsWith((string)link.Json!["pass"]!, (string)link.Json["url"]!, StringComparison.Ordinal);
        return new PreviewVisit(web, owner, sandbox, port, (string)link.Json["pass"]!);
    }

    public HttpRequestMessage Request(HttpMethod method, string path, HttpContent? content = null)
    {
        var request = new HttpRequestMessage(method, path) { Content = content };
        request.Headers.Host = Host;
        request.Headers.Add("Sandbox-Pass", Pass);
        return request;
    }

    public Task<HttpResponseMessage> SendAsync(HttpRequestMessage request) =>
        Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);

    public async Task<(int Status, string Text)> GetAsync(string path = "/", string accept = "text/html")
    {
        using var request = Request(HttpMethod.Get, path);
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue(accept));
        using var answer = await SendAsync(request);
        return ((int)answer.StatusCode, await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    public void Dispose()
    {
        Http.Dispose();
        _handler.Dispose();
        Owner.Dispose();
    }
}
