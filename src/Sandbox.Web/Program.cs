using Sandbox.Web;
using Sandbox.Web.Store;

[assembly: System.Runtime.Versioning.SupportedOSPlatform("linux")]

// Sandbox.Web [--config FILE] [--migrate | --admin-link]
string? config = null;
string? command = null;
for (var at = 0; at < args.Length; at++)
{
    switch (args[at])
    {
        case "--config" when at + 1 < args.Length:
            config = args[++at];
            break;
        case "--migrate" or "--admin-link" when command is null:
            command = args[at];
            break;
        default:
            await Console.Error.WriteLineAsync("usage: Sandbox.Web [--config FILE] [--migrate | --admin-link]");
            return 2;
    }
}

await using var app = SandboxWeb.Build(config);
if (app is null)
{
    return 1;
}

await StoreSetup.MigrateAsync(app.Services.GetRequiredService<WebOptions>().DataDirectory);
switch (command)
{
    case "--migrate":
        return 0;
    case "--admin-link":
        Console.WriteLine(await app.NewAdminLinkAsync());
        return 0;
    default:
        await app.LoadAsync();
        await app.RunAsync();
        return 0;
}
