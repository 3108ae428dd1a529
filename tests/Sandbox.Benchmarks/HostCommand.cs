using System.Diagnostics;

namespace Sandbox.Benchmarks;

/// <summary>A program of the host that runs to its end.</summary>
internal static class HostCommand
{
    /// <summary>What it prints; it has to succeed.</summary>
    public static async Task<string> RunAsync(string program, params IReadOnlyList<string> arguments)
    {
        using var process = Start(program, arguments);
        process.StandardInput.Close();
        var complaints = process.StandardError.ReadToEndAsync();
        var text = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return process.ExitCode == 0 ? text : throw new InvalidDataException($"{program} {string.Join(' ', arguments)} ended with {process.ExitCode}: {await complaints}");
    }

    /// <summary>One that goes on. It has to end when its input does, so that it does not outlive this process.</summary>
    public static Process Start(string program, params IReadOnlyList<string> arguments) =>
        Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false })
            ?? throw new InvalidOperationException($"{program} does not start");
}
