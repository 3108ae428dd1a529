using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Sandbox.Core.Runtime;
using Sandbox.Rpc;

namespace Sandbox.Core.Tests.Rpc;

/// <summary>The service on a real unix socket, as the daemon maps it.</summary>
internal sealed class RpcServer : IAsyncDisposable
{
    private readonly WebApplication _app;

    private RpcServer(WebApplication app) => _app = app;

    /// <summary>A socket in a directory of its own, as the daemon's is in its run directory.</summary>
    public static string NewSocket() => Path.Combine(Directory.CreateTempSubdirectory("sandbox-rpc-").FullName, "control.sock");

    public static async Task<RpcServer> StartAsync(string socket, ISandboxRuntime runtime)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Services.Configure<HostOptions>(options => options.ShutdownTimeout = TimeSpan.Zero);
        builder.Services.AddSingleton(runtime);
        builder.Services.AddGrpc(options =>
        {
            options.MaxReceiveMessageSize = RpcLimits.MaxMessageBytes;
            options.MaxSendMessageSize = RpcLimits.MaxMessageBytes;
        });
        builder.WebHost.ConfigureKestrel(options => options.ListenUnixSocket(socket, listen => listen.Protocols = HttpProtocols.Http2));
        var app = builder.Build();
        app.MapGrpcService<RuntimeService>();
        app.MapGrpcService<ImagesService>();
        app.MapGrpcService<SandboxesService>();
        app.MapGrpcService<TerminalsService>();
        app.MapGrpcService<FilesService>();
        await app.StartAsync();
        return new RpcServer(app);
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
    }
}
