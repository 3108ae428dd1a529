using Microsoft.AspNetCore.Server.Kestrel.Core;
using Sandbox.Core.Runtime;
using Sandbox.Core.Sandboxes;
using Sandbox.Daemon.Capacity;
using Sandbox.Daemon.ControlGroups;
using Sandbox.Daemon.Execs;
using Sandbox.Daemon.Images;
using Sandbox.Daemon.Linux;
using Sandbox.Daemon.Networks;
using Sandbox.Daemon.Oci;
using Sandbox.Daemon.Ports;
using Sandbox.Daemon.Records;
using Sandbox.Daemon.Registry;
using Sandbox.Daemon.RootFileSystems;
using Sandbox.Daemon.Sandboxes;
using Sandbox.Daemon.Snapshots;
using Sandbox.Daemon.Terminals;
using Sandbox.Daemon.Volumes;
using Sandbox.Rpc;

namespace Sandbox.Daemon;

/// <summary>
/// Puts the daemon together: <c>sandboxd [--config FILE] [--Sandbox:Name=value]</c> serves until it is stopped and
/// leaves everything running; <c>sandboxd cleanup</c> ends every sandbox and removes every trace of them from the host.
/// </summary>
internal static class DaemonHost
{
    public static async Task<int> RunAsync(string[] args)
    {
        var cleanup = args.Length > 0 && args[0] == "cleanup";
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { Args = cleanup ? args[1..] : args, ContentRootPath = AppContext.BaseDirectory });
        var options = ReadOptions(builder.Configuration);
        if (options.Validate() is { Count: > 0 } mistakes)
        {
            await Console.Error.WriteLineAsync("sandboxd: " + string.Join("\nsandboxd: ", mistakes));
            return 2;
        }

        Directory.CreateDirectory(options.DataDirectory);
        Directory.CreateDirectory(options.RunDirectory);
        File.SetUnixFileMode(options.DataDirectory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        using var only = await ClaimAsync(options);
        if (only is null)
        {
            await Console.Error.WriteLineAsync($"sandboxd: another one runs on {options.DataDirectory}");
            return 1;
        }

        AddServices(builder.Services, options);
        builder.Logging.ClearProviders().AddJsonConsole();

        // Otherwise a dozen lines per call: they rotate the log within minutes, and a launch waits while they are written.
        builder.Logging.AddFilter("Microsoft", LogLevel.Warning);
        builder.Logging.AddFilter("Grpc", LogLevel.Warning);
        builder.Logging.AddFilter("Microsoft.Hosting.Lifetime", LogLevel.Information);
        if (!cleanup)
        {
            Listen(builder, options);
        }

        await using var app = builder.Build();
        await app.Services.GetRequiredService<SandboxRecovery>().RunAsync(CancellationToken.None);
        if (cleanup)
        {
            await app.Services.GetRequiredService<SandboxLife>().EndAllAsync(EndReason.Operator);
            await app.Services.GetRequiredService<PlaygroundNetworks>().CleanUpAsync();
            await app.Services.GetRequiredService<ControlGroupTree>().RemoveOrphansAsync(new HashSet<SandboxId>());
            return 0;
        }

        if (await app.Services.GetRequiredService<HostProof>().RunAsync() is { Count: > 0 } missing)
        {
            await Console.Error.WriteLineAsync("sandboxd: this host is below RequiredIsolation: " + string.Join("; ", missing));
            return 1;
        }

        app.Lifetime.ApplicationStopping.Register(app.Services.GetRequiredService<SandboxChanges>().End);
        app.MapGrpcService<RuntimeService>();
        app.MapGrpcService<ImagesService>();
        app.MapGrpcService<SandboxesService>();
        app.MapGrpcService<TerminalsService>();
        app.MapGrpcService<FilesService>();
        app.MapGrpcService<VolumesService>();
        await app.StartAsync();
        Protect(options.ControlSocket, options);
        var (web, _) = HostUsers.Find(options.WebUser);
        var ports = new PortsSocket(
            PortsSocket.PathOf(options.RunDirectory), uid => uid == web || uid == 0, app.Services.GetRequiredService<LinuxPorts>().OpenAsync, app.Services.GetRequiredService<ILogger<PortsSocket>>());
        using var stop = new CancellationTokenSource();
        var expiry = app.Services.GetRequiredService<SandboxExpiry>().RunAsync(stop.Token);
        var memory = app.Services.GetRequiredService<UncountedMemory>().RunAsync(stop.Token);
        using var listener = ports.Listen();
        Protect(PortsSocket.PathOf(options.RunDirectory), options);
        var answers = ports.RunAsync(listener, stop.Token);
        var nested = app.Services.GetRequiredService<NestedUse>().RunAsync(stop.Token);
        var kills = app.Services.GetRequiredService<MemoryKills>().RunAsync(stop.Token);
        var room = app.Services.GetRequiredService<HostWatch>().RunAsync(stop.Token);
        await app.WaitForShutdownAsync();
        await stop.CancelAsync();
        await Task.WhenAny(Task.WhenAll(expiry, memory, answers, nested, kills, room));
        return 0;
    }

    /// <summary>The parts of the daemon, also for tests that run it in their own process.</summary>
    public static void AddServices(IServiceCollection services, DaemonOptions options)
    {
        services.AddSingleton(options);

        // A watch never ends by itself: a longer wait would only delay the next daemon.
        services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(2));
        services.AddSingleton<ProcessWatch>();
        services.AddSingleton<OrphanReaper>();
        services.AddSingleton<HostTables>();
        services.AddSingleton<Tool>();
        services.AddSingleton<Reserves>();
        services.AddSingleton<HostMeasures>();
        services.AddSingleton<HostRoom>();
        services.AddSingleton<ImageStore>();
        services.AddSingleton<ImageExport>();
        services.AddSingleton<ArtifactFetch>();
        services.AddSingleton<OfferedImages>();
        services.AddSingleton<DiskImages>();
        services.AddSingleton<UidRanges>();
        services.AddSingleton<WorkGroups>();
        services.AddSingleton<DiskReads>();
        services.AddSingleton<ControlGroupTree>();
        services.AddSingleton<ProcessMoves>();
        services.AddSingleton<EmptyMounts>();
        services.AddSingleton<OciRuntimes>();
        services.AddSingleton<CompiledFilters>();
        services.AddSingleton<PlaygroundNetworks>();
        services.AddSingleton<ShellScripts>();
        services.AddSingleton<HolderFiles>();
        services.AddSingleton<DetachedCommands>();
        services.AddSingleton<HolderStart>();
        services.AddSingleton<OwnCommands>();
        services.AddSingleton<KernelGroups>();
        services.AddSingleton<SandboxKernels>();
        services.AddSingleton<InnerDirectories>();
        services.AddSingleton<TerminalHolders>();
        services.AddSingleton<KeptLogs>();
        services.AddSingleton<LeftOutputs>();
        services.AddSingleton<ExecRunner>();
        services.AddSingleton<SandboxRecords>();
        services.AddSingleton<LiveSandboxes>();
        services.AddSingleton<SandboxChanges>();
        services.AddSingleton<GivenFiles>();
        services.AddSingleton<SandboxFreezing>();
        services.AddSingleton<LayerMerging>();
        services.AddSingleton<ImageChanges>();
        services.AddSingleton<SandboxSnapshots>();
        services.AddSingleton<GracefulEnds>();
        services.AddSingleton<SandboxLauncher>();
        services.AddSingleton<SandboxLife>();
        services.AddSingleton<SandboxLogs>();
        services.AddSingleton<HostPaces>();
        services.AddSingleton<LinuxImages>();
        services.AddSingleton<LinuxSandboxes>();
        services.AddSingleton<LinuxTerminals>();
        services.AddSingleton<LinuxFiles>();
        services.AddSingleton<InnerRelays>();
        services.AddSingleton<LinuxPorts>();
        services.AddSingleton<VolumeRecords>();
        services.AddSingleton<VolumeStore>();
        services.AddSingleton<VolumeHolders>();
        services.AddSingleton<LinuxVolumes>();
        services.AddSingleton<ISandboxRuntime, LinuxRuntime>();
        services.AddSingleton<SandboxExpiry>();
        services.AddSingleton<SandboxRecovery>();
        services.AddSingleton<GvisorTrial>();
        services.AddSingleton<HostProof>();
        services.AddSingleton<UncountedMemory>();
        services.AddSingleton<NestedUse>();
        services.AddSingleton<MemoryKills>();
        services.AddSingleton<HostActs>();
        services.AddSingleton<HostWatch>();
        services.AddSingleton<RuntimeService>();
        services.AddSingleton<ImagesService>();
        services.AddSingleton<SandboxesService>();
        services.AddSingleton<TerminalsService>();
        services.AddSingleton<FilesService>();
        services.AddSingleton<VolumesService>();
        services.AddGrpc(grpc =>
        {
            grpc.MaxReceiveMessageSize = RpcLimits.MaxMessageBytes;
            grpc.MaxSendMessageSize = RpcLimits.MaxMessageBytes;
        });
    }

    /// <summary>
    /// Two daemons on the same directories would remove each other's sandboxes as orphans. The kernel releases the lock
    /// with its process; this waits a moment for a daemon that is ending.
    /// </summary>
    private static async Task<FileStream?> ClaimAsync(DaemonOptions options)
    {
        for (var attempt = 0; attempt < 50; attempt++)
        {
            try
            {
                return new FileStream(Path.Combine(options.DataDirectory, "daemon.lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException)
            {
                await Task.Delay(100);
            }
        }

        return null;
    }

    private static DaemonOptions ReadOptions(ConfigurationManager configuration)
    {
        if (configuration["config"] is { } file)
        {
            // The command line wins over the file.
            configuration.Sources.Insert(0, new Microsoft.Extensions.Configuration.Json.JsonConfigurationSource { Path = Path.GetFileName(file), FileProvider = new Microsoft.Extensions.FileProviders.PhysicalFileProvider(Path.GetDirectoryName(Path.GetFullPath(file))!) });
        }

        return configuration.GetSection("Sandbox").Get<DaemonOptions>() ?? new DaemonOptions();
    }

    /// <summary>HTTP/2 on a unix socket. A connection of any uid but the web process's and root's is closed before a byte of it is read.</summary>
    private static void Listen(WebApplicationBuilder builder, DaemonOptions options)
    {
        var (web, _) = HostUsers.Find(options.WebUser);
        File.Delete(options.ControlSocket);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Limits.MaxRequestBodySize = null; // images are streamed in and counted where they are stored
            kestrel.Limits.MaxConcurrentConnections = 64;
            kestrel.Limits.Http2.MaxStreamsPerConnection = 1000; // slow readers wait in them
            kestrel.ListenUnixSocket(options.ControlSocket, listen =>
            {
                listen.Protocols = HttpProtocols.Http2;
                listen.Use(next => async connection =>
                {
                    if (PeerUid(connection) is { } uid && (uid == web || uid == 0))
                    {
                        await next(connection);
                    }
                    else
                    {
                        connection.Abort();
                    }
                });
            });
        });
    }

    private static uint? PeerUid(Microsoft.AspNetCore.Connections.ConnectionContext connection)
    {
        if (connection.Features.Get<Microsoft.AspNetCore.Connections.Features.IConnectionSocketFeature>()?.Socket is not { } socket)
        {
            return null;
        }

        Span<byte> credentials = stackalloc byte[12]; // struct ucred: pid, uid, gid
        return socket.GetRawSocketOption(1 /* SOL_SOCKET */, 17 /* SO_PEERCRED */, credentials) == 12 ? BitConverter.ToUInt32(credentials[4..]) : null;
    }

    private static void Protect(string socket, DaemonOptions options)
    {
        var (web, group) = HostUsers.Find(options.WebUser);
        File.SetUnixFileMode(socket, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        Mounting.Chown(socket, web, group);
    }
}
