using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Sandbox.Core.Errors;
using Sandbox.Tutorials.Imports;
using Sandbox.Tutorials.Sources;

namespace Sandbox.Cli;

/// <summary>
/// Shows a tutorial in a running instance while its author edits it: each save is a new version under one name, and whoever
/// runs it sees the change. With the end of the command the tutorial goes.
/// </summary>
internal static class TutorialServeCommand
{
    private const string Letters = "abcdefghjkmnpqrstuvwxyz23456789";

    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(400);

    public static async Task<int> RunAsync(string[] arguments, TextWriter output, TextWriter errors)
    {
        var url = Environment.GetEnvironmentVariable("SANDBOX_URL") is { Length: > 0 } set ? set : "http://localhost:8080";
        if (arguments is [var given, "--url", var named])
        {
            (arguments, url) = ([given], named);
        }

        if (arguments is not [var path] || path.StartsWith("--", StringComparison.Ordinal) || !Uri.TryCreate(url, UriKind.Absolute, out var address))
        {
            errors.WriteLine("usage: tutorial-serve DIR [--url URL]");
            return 2;
        }

        using var stop = new CancellationTokenSource();
        Console.CancelKeyPress += (_, pressed) =>
        {
            pressed.Cancel = true;
            stop.Cancel();
        };
        using var ended = System.Runtime.InteropServices.PosixSignalRegistration.Create(System.Runtime.InteropServices.PosixSignal.SIGTERM, signal =>
        {
            signal.Cancel = true;
            stop.Cancel();
        });
        try
        {
            using var server = await Server.ConnectAsync(address);
            await ServeAsync(server, address, path, output, stop.Token);
            return 0;
        }
        catch (SandboxException fault)
        {
            await errors.WriteLineAsync(fault.Message);
            return 1;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or HttpRequestException)
        {
            await errors.WriteLineAsync($"{path}: {fault.Message}");
            return 1;
        }
    }

    private static async Task ServeAsync(Server server, Uri address, string path, TextWriter output, CancellationToken cancellationToken)
    {
        var name = "draft-" + RandomNumberGenerator.GetString(Letters, 10);
        string? seen = null, hash = null;
        try
        {
            while (!cancellationToken.IsCancellationRequested)
            {
                if (Stamp(path) is var stamp && stamp != seen)
                {
                    var isFirst = seen is null;
                    seen = stamp;
                    hash = await PublishAsync(server, path, name, hash, output);
                    if (isFirst)
                    {
                        await output.WriteLineAsync($"{new Uri(address, "/t/" + name)} shows {path}. Save a file to see the change; Control-C ends it.");
                    }
                }

                await Task.Delay(Look, cancellationToken);
            }
        }
        catch (OperationCanceledException)
        {
            // Control-C.
        }
        finally
        {
            foreach (var gone in new[] { hash, name }.OfType<string>())
            {
                await DeleteAsync(server, gone);
            }
        }
    }

    /// <summary>Publishes the folder as it is now, and says what is wrong with it. What cannot be published is said too, and the last version stays.</summary>
    private static async Task<string?> PublishAsync(Server server, string path, string name, string? before, TextWriter output)
    {
        var at = DateTime.Now.ToString("HH:mm:ss", CultureInfo.InvariantCulture);
        try
        {
            using var source = TutorialImport.Open(path);
            var published = (await server.PostZipAsync($"/api/v1/tutorials?name={name}&live=1", SourceZip.Of(source)))!;
            var tutorial = published["tutorials"]![0]!;
            await output.WriteLineAsync($"{at} {tutorial["title"]}{((bool)tutorial["runnable"]! ? "" : $": can only be read: {tutorial["reason"]}")}");
            foreach (var problem in published["problems"]!.AsArray().OfType<JsonNode>())
            {
                await output.WriteLineAsync($"    {problem["file"]}:{problem["line"]}: {problem["what"]}");
            }

            var hash = (string)tutorial["hash"]!;
            if (before is not null && before != hash)
            {
                await DeleteAsync(server, before);
            }

            return hash;
        }
        catch (SandboxException fault) when (fault.Code is ErrorCode.Invalid or ErrorCode.TooLarge or ErrorCode.Quota)
        {
            await output.WriteLineAsync($"{at} {fault.Message}");
            return before;
        }
    }

    private static async Task DeleteAsync(Server server, string address)
    {
        try
        {
            await server.DeleteAsync($"/api/v1/tutorials/{address}");
        }
        catch (SandboxException gone) when (gone.Code == ErrorCode.NotFound)
        {
            // It never came to be.
        }
    }

    /// <summary>Changes with every save.</summary>
    private static string Stamp(string path)
    {
        if (!Directory.Exists(path))
        {
            throw new SandboxException(ErrorCode.Invalid, $"{path} is not a folder");
        }

        using var source = FolderSource.Open(path);
        return string.Join('\n', source.Files.Select(file => new FileInfo(Path.Combine(path, file)) is { Exists: true } info ? $"{file} {info.Length} {info.LastWriteTimeUtc.Ticks}" : file));
    }
}
