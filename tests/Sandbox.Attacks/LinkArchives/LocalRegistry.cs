using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Sandbox.Attacks.LinkArchives;

/// <summary>The distribution's registry on a loopback port.</summary>
internal sealed class LocalRegistry : IAsyncDisposable
{
    private readonly Process _process;

    private LocalRegistry(Process process, string address) => (_process, Address) = (process, address);

    public string Address { get; }

    public static async Task<LocalRegistry> StartAsync(string work)
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        var address = probe.LocalEndpoint.ToString()!;
        probe.Stop();
        var config = Path.Combine(work, "registry.yml");
        await File.WriteAllTextAsync(config, $"version: 0.1\nlog: {{level: error}}\nstorage:\n  filesystem:\n    rootdirectory: {work}/registry\nhttp:\n  addr: {address}\n");
        var process = Process.Start(new ProcessStartInfo("docker-registry", ["serve", config]) { UseShellExecute = false, RedirectStandardError = true, RedirectStandardOutput = true })!;
        _ = process.StandardError.ReadToEndAsync();
        _ = process.StandardOutput.ReadToEndAsync();
        using var client = new HttpClient();
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                using var answer = await client.GetAsync(new Uri($"http://{address}/v2/"));
                return new LocalRegistry(process, address);
            }
            catch (HttpRequestException) when (attempt < 600)
            {
                await Task.Delay(100);
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }
}
