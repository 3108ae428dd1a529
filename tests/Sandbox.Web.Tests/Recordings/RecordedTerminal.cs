using Microsoft.AspNetCore.SignalR.Client;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Sandbox.Rpc;
using Sandbox.Web.Store;
using Xunit;

namespace Sandbox.Web.Tests.Recordings;

/// <summary>An open terminal of a guest, whose holder prints what a test says.</summary>
internal sealed class RecordedTerminal : IAsyncDisposable
{
    public required WebUnderTest Web { get; init; }

    public required ScriptedHolder Holder { get; init; }

    public required Client Client { get; set; }

    public required string Token { get; init; }

    public required string Sandbox { get; init; }

    public HubConnection Hub { get; private set; } = null!;

    public string Terminal { get; private set; } = "";

    /// <summary>Where recording it is asked for.</summary>
    public string Recordings => $"/api/v1/terminals/{Terminal}/recordings";

    public string Directory => Path.Combine(Web.Home, "data/recordings");

    /// <param name="limits">Of the section Recordings.</param>
    public static async Task<RecordedTerminal> OpenAsync(Dictionary<string, object>? limits = null)
    {
        var web = await WebUnderTest.StartAsync(new() { ["Recordings"] = limits ?? [] });
        var holder = new ScriptedHolder(Path.Combine(web.Home, "tty.sock"));
        web.Runtime.MarksShells = true;
        web.Runtime.ConnectTerminal = token => TerminalSockets.ConnectAsync(holder.Socket, token);
        var client = web.NewClient();
        var token = (string)(await client.PostAsync("/api/v1/guests")).Json!["token"]!;
        client.Headers["Authorization"] = "Bearer " + token;
        var (_, sandbox) = await client.LaunchAsync();
        var place = new RecordedTerminal { Web = web, Holder = holder, Client = client, Token = token, Sandbox = sandbox };
        place.Hub = await place.ConnectAsync();
        place.Terminal = await place.Hub.InvokeAsync<string>("Open", sandbox, 80, 24, null, TestContext.Current.CancellationToken);
        return place;
    }

    /// <summary>Starts to record, and waits until the recorder is at the holder.</summary>
    public async Task<string> RecordAsync()
    {
        var answer = await Client.PostAsync(Recordings, new { });
        Assert.Equal(201, answer.Status);
        await Holder.RecordersAsync();
        return (string)answer.Json!["id"]!;
    }

    public async Task<Cast> CastAsync(string id) => new((await Client.GetAsync($"/api/v1/recordings/{id}/cast")).Body);

    public async Task<(string State, string? Reason)> StateAsync(string id)
    {
        var view = (await Client.GetAsync("/api/v1/recordings/" + id)).Json!;
        return ((string)view["state"]!, (string?)view["reason"]);
    }

    public Task UntilAsync(string id, string output) => WebUnderTest.Until(async () => (await CastAsync(id)).Output == output);

    public Task UntilAsync(string id, string state, string reason) => WebUnderTest.Until(async () => await StateAsync(id) == (state, reason));

    /// <summary>Makes everybody there is one who came like this.</summary>
    public Task SignInAsync(PersonKind kind) =>
        Web.Services.GetRequiredService<SqliteStore>().WriteAsync(db => db.People.ExecuteUpdateAsync(set => set.SetProperty(person => person.Kind, kind)));

    public async Task<HubConnection> ConnectAsync(string? token = null)
    {
        var hub = new HubConnectionBuilder()
            .WithUrl(new Uri(Web.Url, "/hubs/terminal"), options => options.AccessTokenProvider = () => Task.FromResult<string?>(token ?? Token))
            .AddMessagePackProtocol().Build();
        await hub.StartAsync(TestContext.Current.CancellationToken);
        return hub;
    }

    /// <summary>Stops the process and starts the next one over what it left; meanwhile something may happen.</summary>
    public async Task RestartAsync(Func<Task> meanwhile)
    {
        await Hub.DisposeAsync();
        await Web.StopAsync();
        await meanwhile();
        await Web.StartAgainAsync();
        Client.Dispose();
        Client = Web.NewClient();
        Client.Headers["Authorization"] = "Bearer " + Token;
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await Hub.DisposeAsync();
        await Web.DisposeAsync();
        await Holder.DisposeAsync();
    }
}
