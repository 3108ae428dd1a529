using System.Diagnostics;
using System.Text.Json;
using Sandbox.Terminals.Screens;
using Xunit;

namespace Sandbox.Terminals.Tests.Screens;

/// <summary>The page's terminal without the page, in a process of Node that compares screens.</summary>
public sealed class Xterm : IAsyncLifetime
{
    private const int MostScreen = 1024 * 1024;

    private readonly SemaphoreSlim _one = new(1);
    private Process _node = null!;

    public ValueTask InitializeAsync()
    {
        var root = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(root.FullName, "Sandbox.sln")))
        {
            root = root.Parent ?? throw new InvalidOperationException("the sources are not above the test program");
        }

        var script = Path.Combine(root.FullName, "tests/Sandbox.Terminals.Tests/Screens/compare.mjs");
        _node = Process.Start(new ProcessStartInfo("node", [script, Path.Combine(root.FullName, "src/Sandbox.Web/Browser")])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            UseShellExecute = false,
        })!;
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        _node.StandardInput.Close();
        await _node.WaitForExitAsync();
        _node.Dispose();
        _one.Dispose();
    }

    /// <summary>
    /// What differs between the output itself and the screen that the model writes after it: cells, attributes, cursor,
    /// modes, and the same again after the tail, which finds what cannot be seen.
    /// </summary>
    public async Task<string> DifferencesAsync(int cols, int rows, byte[] output, byte[] tail)
    {
        var screen = new TerminalScreen(cols, rows);
        screen.Feed(output);
        return await DifferencesAsync(cols, rows, output, screen.Write(MostScreen), tail);
    }

    public async Task<string> DifferencesAsync(int cols, int rows, byte[] output, byte[] screen, byte[] tail)
    {
        await _one.WaitAsync();
        try
        {
            await _node.StandardInput.WriteLineAsync(JsonSerializer.Serialize(new { cols, rows, output, screen, tail }));
            await _node.StandardInput.FlushAsync();
            var answer = await _node.StandardOutput.ReadLineAsync() ?? throw new InvalidOperationException("node ended");
            using var read = JsonDocument.Parse(answer);
            return string.Join('\n', read.RootElement.GetProperty("differences").EnumerateArray().Select(difference => difference.GetString()));
        }
        finally
        {
            _one.Release();
        }
    }
}
