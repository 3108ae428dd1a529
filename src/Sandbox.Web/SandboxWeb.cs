using System.Net;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.HttpOverrides;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Sandbox.Core.Errors;
using Sandbox.Core.People;
using Sandbox.Core.Runtime;
using Sandbox.Core.Sandboxes;
using Sandbox.Rpc;
using Sandbox.Web.Audit;
using Sandbox.Web.Builds;
using Sandbox.Web.Catalog;
using Sandbox.Web.Components;
using Sandbox.Web.Compose;
using Sandbox.Web.Embeds;
using Sandbox.Web.Errands;
using Sandbox.Web.Exports;
using Sandbox.Web.Files;
using Sandbox.Web.Gauges;
using Sandbox.Web.Http;
using Sandbox.Web.Hub;
using Sandbox.Web.Latency;
using Sandbox.Web.Leases;
using Sandbox.Web.Lifecycle;
using Sandbox.Web.LinkArchives;
using Sandbox.Web.Links;
using Sandbox.Web.NewLinks;
using Sandbox.Web.Nodes;
using Sandbox.Web.Operators;
using Sandbox.Web.People;
using Sandbox.Web.Pictures;
using Sandbox.Web.Playgrounds;
using Sandbox.Web.Previews;
using Sandbox.Web.Queue;
using Sandbox.Web.Receipts;
using Sandbox.Web.Recordings;
using Sandbox.Web.Registry;
using Sandbox.Web.Repositories;
using Sandbox.Web.Saves;
using Sandbox.Web.Sharing;
using Sandbox.Web.Snippets;
using Sandbox.Web.Status;
using Sandbox.Web.Store;
using Sandbox.Web.Terminals;
using Sandbox.Web.Tunnels;
using Sandbox.Web.TutorialRuns;
using Sandbox.Web.Tutorials;
using Sandbox.Web.TutorialTests;
using Sandbox.Web.Volumes;

namespace Sandbox.Web;

/// <summary>The composition root of the web process.</summary>
internal static class SandboxWeb
{
    private const string DefaultConfig = "/etc/sandbox/web.json";
    private const long MostBody = 4 * 1024 * 1024;

    /// <summary>Builds the process with the settings of its file and its environment; null when they hold mistakes, which are printed.</summary>
    public static WebApplication? Build(string? config, Action<IConfigurationManager>? configure = null, Action<IServiceCollection>? replace = null)
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions
        {
            ApplicationName = typeof(SandboxWeb).Assembly.GetName().Name,
            ContentRootPath = AppContext.BaseDirectory,
        });
        builder.Configuration.AddJsonFile(config ?? DefaultConfig, optional: config is null, reloadOnChange: false);
        builder.Configuration.AddEnvironmentVariables();
        configure?.Invoke(builder.Configuration);
        if (ReadOptions(builder.Configuration) is not { } options)
        {
            return null;
        }

        AddTo(builder, options);
        replace?.Invoke(builder.Services);
        var app = builder.Build();
        Use(app, options);
        return app;
    }

    /// <summary>Loads the catalog and warms up, so that the first request does not wait.</summary>
    public static async Task LoadAsync(this WebApplication app)
    {
        var services = app.Services;
        var catalog = services.GetRequiredService<ImageCatalog>();
        await services.GetRequiredService<Suspensions>().LoadAsync();
        await services.GetRequiredService<Revocations>().LoadAsync();
        await catalog.LoadAsync(CatalogSeed.Read(services.GetRequiredService<WebOptions>().CatalogFile));
        services.GetRequiredService<ArchiveUploads>().Sweep(catalog.UploadsWanted());
        await WarmUpAsync(services);
    }

    /// <summary>
    /// Saves the first launch half a second: loads the keys, compiles the queries and connects to the daemon.
    /// </summary>
    private static async Task WarmUpAsync(IServiceProvider services)
    {
        services.GetRequiredService<Guests>().WarmUp();
        await services.GetRequiredService<BearerTokens>().FindAsync("nobody");
        await services.GetRequiredService<Guests>().IsKnownAsync(PersonId.New());
        await services.GetRequiredService<Admission>().WarmUpAsync();
        try
        {
            await services.GetRequiredService<Ownership>().RequireAsync(PersonId.New(), SandboxId.New());
        }
        catch (SandboxException fault) when (fault.Code == ErrorCode.NotFound)
        {
            // Expected.
        }

        try
        {
            await services.GetRequiredService<ISandboxRuntime>().Sandboxes.FindAsync(SandboxId.New(), CancellationToken.None);
        }
        catch (SandboxException fault) when (fault.Code == ErrorCode.RuntimeUnavailable)
        {
            // The daemon starts beside us; then the first launch warms this itself.
        }
    }

    /// <summary>The address that signs an operator in, once.</summary>
    public static async Task<string> NewAdminLinkAsync(this WebApplication app)
    {
        var token = await app.Services.GetRequiredService<SignInLinks>().NewAsync();

        // The command ends now, so nothing would write it later.
        await app.Services.GetRequiredService<AuditWriter>().FlushAsync();
        return $"{app.Services.GetRequiredService<Origins>().PublicUrl}/admin/sign-in?token={token}";
    }

    /// <summary>The settings, or null after printing every mistake.</summary>
    public static WebOptions? ReadOptions(IConfiguration configuration)
    {
        var options = new WebOptions();
        try
        {
            configuration.GetSection(WebOptions.Section).Bind(options, binder => binder.ErrorOnUnknownConfiguration = true);
        }
        catch (InvalidOperationException mistake)
        {
            Console.Error.WriteLine($"Sandbox.Web: {mistake.Message}");
            return null;
        }

        var mistakes = options.Validate();
        foreach (var mistake in mistakes)
        {
            Console.Error.WriteLine($"Sandbox.Web: {mistake}");
        }

        return mistakes.Count == 0 ? options : null;
    }

    private static void AddTo(WebApplicationBuilder builder, WebOptions options)
    {
        string[] addresses = options.RegistryDoor.Length > 0 ? [options.Listen, $"http://{options.RegistryDoor}"] : [options.Listen];
        var http2 = new PlainHttp2();
        builder.Services.AddSingleton<IConnectionListenerFactory>(http2);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = MostBody;
            kestrel.Limits.MaxConcurrentConnections = 10_000;
            kestrel.Limits.MaxConcurrentUpgradedConnections = 5_000;
            var bound = new AddressConnections(options, address => kestrel.ApplicationServices.GetRequiredService<AuditLog>().Add(
                new AuditEvent(AuditKind.Refused, "Too many connections at once from one address.") { Code = "connections", Address = address }));
            foreach (var address in addresses)
            {
                Listen(kestrel, BindingAddress.Parse(address), bound, http2);
            }

            kestrel.Listen(PlainHttp2.EndPoint, listen => listen.Protocols = HttpProtocols.Http2);
        });
        // Socket data is handled on the thread that read it and sent on the thread that produced it, which saves a key one
        // hand-over each way. A handler that blocks delays its own connection only.
        builder.WebHost.UseSockets(sockets =>
        {
            sockets.UnsafePreferInlineScheduling = true;
            sockets.CreateBoundListenSocket = endpoint => RegistrySetup.Listen(endpoint, options);
        });
        builder.Logging.ClearProviders().AddJsonConsole(console =>
        {
            console.UseUtcTimestamp = true;
            console.TimestampFormat = "yyyy-MM-ddTHH:mm:ss.fffZ";
        });
        builder.Logging.AddFilter("Microsoft", LogLevel.Warning);
        builder.Logging.AddFilter("Microsoft.Hosting.Lifetime", LogLevel.Information);

        // The keys are in a directory that only this user may read, so they need no encryption at rest.
        builder.Logging.AddFilter("Microsoft.AspNetCore.DataProtection", LogLevel.Error);
        builder.Logging.AddFilter("Sandbox.Web.People.PersonAuthentication", LogLevel.Warning);
        builder.Logging.AddFilter("Sandbox.Web.Sharing.ShareAuthentication", LogLevel.Warning);

        // It logs every refusal as an error with a stack trace, so a visitor could fill the log. HubFaults logs real faults.
        builder.Logging.AddFilter("Microsoft.AspNetCore.SignalR.Internal.DefaultHubDispatcher", LogLevel.None);

        // It warns of each request to a preview that failed, as every visitor's closed port is one.
        builder.Logging.AddFilter("Yarp", LogLevel.Error);

        var services = builder.Services;
        services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(5));
        services.ConfigureHttpJsonOptions(json =>
            json.SerializerOptions.Converters.Add(new JsonStringEnumConverter(System.Text.Json.JsonNamingPolicy.CamelCase)));
        services.AddApiDocs(Guests.Cookie, HubDocs.Text);
        services.AddSingleton(options);
        services.AddSingleton(TimeProvider.System);
        services.AddSingleton<ISandboxRuntime>(_ => new RuntimeClient(options.ControlSocket));
        services.AddSingleton<Origins>();
        services.AddSingleton<AddressRates>();
        services.AddStore();
        services.AddPeople(options);
        services.AddAudit();
        services.AddCatalog();
        services.AddLatency();
        services.AddLinks();
        services.AddVolumes();
        services.AddQueue();
        services.AddPlaygrounds();
        services.AddNodes();
        services.AddErrands();
        services.AddBuilds();
        services.AddRegistry();
        services.AddRepositories();
        services.AddLinkArchives();
        services.AddSaves();
        services.AddTutorials();
        services.AddTutorialRuns();
        services.AddTutorialTests();
        services.AddExports();
        services.AddFiles();
        services.AddPreviews();
        services.AddTunnels();
        services.AddTerminals();
        services.AddSharing();
        services.AddHub();
        services.AddOperator();
        services.AddEmbeds();
        services.AddSnippets();
        services.AddStatus();
        services.AddGauges();
        services.AddLeases();
        services.AddRecordings();
        if (options.Proxies.Length > 0)
        {
            services.Configure<ForwardedHeadersOptions>(forwarded => Believe(options.Proxies, forwarded));
        }

        builder.AddPages();
    }

    /// <summary>As the server itself would listen at the address, with steps of ours before its first byte is read.</summary>
    private static void Listen(KestrelServerOptions kestrel, BindingAddress address, AddressConnections bound, PlainHttp2 http2)
    {
        if (address.IsUnixPipe)
        {
            kestrel.ListenUnixSocket(address.UnixPipePath, Configure);
        }
        else if (address.Host.Equals("localhost", StringComparison.OrdinalIgnoreCase))
        {
            kestrel.ListenLocalhost(address.Port, Configure);
        }
        else if (IPAddress.TryParse(address.Host, out var host))
        {
            kestrel.Listen(host, address.Port, Configure);
        }
        else
        {
            kestrel.ListenAnyIP(address.Port, Configure);
        }

        void Configure(ListenOptions listen)
        {
            bound.AddTo(listen);
            if (address.Scheme.Equals("https", StringComparison.OrdinalIgnoreCase))
            {
                listen.UseHttps();
            }
            else
            {
                http2.AddTo(listen);
            }
        }
    }

    private static void Use(WebApplication app, WebOptions options)
    {
        app.UseLocalMetrics();
        if (options.Proxies.Length > 0)
        {
            app.UseForwardedHeaders();
        }

        app.UseAudit();
        app.UseRegistryForSandboxes();
        app.UsePreviews();
        app.UseRegistry();
        app.UseAnswerHeaders();
        app.UseProblems();
        var rates = app.Services.GetRequiredService<AddressRates>();
        app.Use((context, next) => rates.CheckAsync(context, next));
        var origins = app.Services.GetRequiredService<Origins>();
        app.Use((context, next) => origins.CheckAsync(context, next));
        app.UseAuthentication();
        app.UseShares();
        app.UseTunnels();
        app.UseCaller();
        app.UseAuthorization();

        app.MapHealth();
        app.MapGauges();
        app.MapApiDocs();
        app.MapSchemas();
        app.MapCatalog();
        app.MapBuilds();
        app.MapOwnImages();
        app.MapRegistry();
        app.MapLinks();
        app.MapNewLinks();
        app.MapCompose();
        app.MapRepositories();
        app.MapLinkArchives();
        app.MapPictures();
        app.MapPreviews();
        app.MapTunnels();
        app.MapPlaygrounds();
        app.MapTutorials();
        app.MapTutorialRuns();
        app.MapTutorialTests();
        app.MapSaves();
        app.MapExports();
        app.MapSandboxes();
        app.MapNodes();
        app.MapReceipts();
        app.MapVolumes();
        app.MapFiles();
        app.MapUploads();
        app.MapGuests();
        app.MapOperator();
        app.MapHub();
        app.MapShares();
        app.MapRecordings();
        app.MapEmbeds();
        app.MapSnippets();
        app.MapStatus();
        app.MapUnknownRoutes();
        app.MapPages();
    }

    private static void Believe(string[] proxies, ForwardedHeadersOptions forwarded)
    {
        forwarded.ForwardedHeaders = ForwardedHeaders.XForwardedFor | ForwardedHeaders.XForwardedProto;
        forwarded.KnownProxies.Clear();
        forwarded.KnownIPNetworks.Clear();
        foreach (var proxy in proxies)
        {
            if (IPAddress.TryParse(proxy, out var address))
            {
                forwarded.KnownProxies.Add(address);
            }
            else
            {
                forwarded.KnownIPNetworks.Add(System.Net.IPNetwork.Parse(proxy));
            }
        }
    }
}
