using System.Diagnostics;
using System.Text;
using Xunit;

namespace Sandbox.Web.Tests.Tunnels;

/// <summary>The program that the site offers for download, running.</summary>
internal sealed class TunnelClient : IDisposable
{
    private readonly Process _process;
    private readonly StringBuilder _said = new();

    private TunnelClient(Process process) => _process = process;

    /// <summary>What it has printed.</summary>
    public string Said => _said.ToString();

    private static string Program { get; } = Path.Combine(Root(), "wwwroot/sandbox-tunnel.py");

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static TunnelClient Start(string token, params IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo("python3", [Program, .. arguments]) { RedirectStandardError = true, RedirectStandardInput = true, UseShellExecute = false };
        start.Environment["SANDBOX_TOKEN"] = token;
        var process = Process.Start(start)!;
        process.StandardInput.Close();
        return new TunnelClient(process);
    }

    /// <summary>Waits until it listens.</summary>
    public async Task ReadyAsync()
    {
        while (!Said.Contains("Ready.", StringComparison.Ordinal))
        {
            _said.AppendLine(await _process.StandardError.ReadLineAsync(Cancel) ?? throw new InvalidOperationException(Said));
        }
    }

    /// <summary>Waits until it has ended by itself: its exit code, and whether it said so.</summary>
    public async Task<(int Code, bool HasSaid)> EndAsync(string words)
    {
        _said.Append(await _process.StandardError.ReadToEndAsync(Cancel));
        await _process.WaitForExitAsync(Cancel);
        return (_process.ExitCode, Said.Contains(words, StringComparison.Ordinal));
    }

    public void Dispose()
    {
        _process.Kill(entireProcessTree: true);
        _process.Dispose();
    }

    private static string Root()
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(directory.FullName, "Sandbox.sln")))
        {
            directory = directory.Parent ?? throw new DirectoryNotFoundException("the repository");
        }

        return directory.FullName;
    }
}
