using System.Text.RegularExpressions;
using Microsoft.AspNetCore.SignalR.Client;
using Xunit;

namespace Sandbox.EndToEnd.Tests.Contract;

/// <summary>A link's token against every other part of the service.</summary>
public sealed class SharingTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_links_token_opens_nothing_but_its_terminal()
    {
        await using var caller = await Caller.NewGuestAsync();
        var (playground, sandbox) = await caller.LaunchAsync();
        await using var hub = await caller.ConnectAsync();
        var terminal = await hub.InvokeAsync<string>("Open", sandbox, 80, 24, null, Token);
        var other = await hub.InvokeAsync<string>("Open", sandbox, 80, 24, null, Token);
        var made = await caller.PostAsync($"/api/v1/terminals/{terminal}/shares", new { access = "type", minutes = 15 });
        Assert.True(made.Status == 201, made.Text);
        var token = new Uri((string)made.Json["url"]!).Fragment[1..];

        await using var holder = new Caller();
        holder.Headers["Authorization"] = "Bearer " + token;
        var asked = 0;
        foreach (var (path, methods) in (await caller.GetAsync("/openapi/v1.json")).Json["paths"]!.AsObject())
        {
            var address = Regex.Replace(
                path.Replace("{terminalId}", terminal, StringComparison.Ordinal).Replace("{id}", path.Contains("/playgrounds/", StringComparison.Ordinal) ? playground : sandbox, StringComparison.Ordinal),
                @"\{\w+\}", "etc", RegexOptions.None, TimeSpan.FromSeconds(1));
            foreach (var (method, _) in methods!.AsObject())
            {
                foreach (var at in new[] { address, address + "?access_token=" + token })
                {
                    var answer = await holder.SendAsync(new HttpMethod(method.ToUpperInvariant()), at);
                    Assert.True(answer.Status is 401 or 404, $"{method} {at}: {answer.Status}");
                }

                asked++;
            }
        }

        Assert.True(asked > 20);

        await using var writer = await ConnectAsync(token);
        foreach (var wrong in new[] { other, sandbox, playground, "" })
        {
            await RefusedAsync(() => writer.InvokeAsync("Input", wrong, "id\n"u8.ToArray(), Token));
            await RefusedAsync(() => writer.InvokeAsync("Resize", wrong, 80, 24, Token));
            await RefusedAsync(() => writer.InvokeAsync("Close", wrong, Token));
            await RefusedAsync(() => writer.InvokeAsync<string>("Open", wrong, 80, 24, null, Token));
            await RefusedAsync(async () =>
            {
                await foreach (var _ in writer.StreamAsync<object>("Attach", wrong, 0L, Token))
                {
                    Assert.Fail("output of something else");
                }
            });
        }

        await using var screen = new Screen(writer, terminal);
        await writer.InvokeAsync("Input", terminal, "echo mine-$((6*7))\n"u8.ToArray(), Token);
        await screen.UntilAsync("mine-42");

        // Revoked under a flood: the stream breaks off although there is always more.
        await writer.InvokeAsync("Input", terminal, "yes\n"u8.ToArray(), Token);
        await screen.UntilAsync("y\r\ny\r\ny");
        Assert.Equal(204, (await caller.DeleteAsync($"/api/v1/terminals/{terminal}/shares/{made.Json["id"]}")).Status);
        await Instance.UntilAsync(() => Task.FromResult(writer.State == HubConnectionState.Disconnected));
        await Assert.ThrowsAsync<HttpRequestException>(() => ConnectAsync(token));
        Assert.Empty((await caller.GetAsync($"/api/v1/terminals/{terminal}/shares")).Json.AsArray());
    }

    private static async Task RefusedAsync(Func<Task> call)
    {
        var refusal = await Assert.ThrowsAnyAsync<Exception>(call);
        Assert.Contains("not_found: ", refusal.Message, StringComparison.Ordinal);
    }

    private static async Task<HubConnection> ConnectAsync(string token)
    {
        var hub = new HubConnectionBuilder().WithUrl(new Uri(Instance.Url, "/hubs/terminal"), options =>
        {
            options.AccessTokenProvider = () => Task.FromResult<string?>(token);
            options.Proxy = null;
        }).Build();
        await hub.StartAsync(Token);
        return hub;
    }
}
