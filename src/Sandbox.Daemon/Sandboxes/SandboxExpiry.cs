using System.Collections.Concurrent;
using Sandbox.Core.Sandboxes;

namespace Sandbox.Daemon.Sandboxes;

/// <summary>Removes by age: sandboxes at their deadlines, records of ended sandboxes, abandoned uploads.</summary>
internal sealed partial class SandboxExpiry(DaemonOptions options, LiveSandboxes sandboxes, SandboxLife life, LinuxFiles files, ILogger<SandboxExpiry> logger)
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan SweepEvery = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<SandboxId, bool> _ending = new();

    /// <summary>Runs until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(LookEvery);
        var swept = DateTimeOffset.MinValue;
        while (await timer.WaitForNextTickAsync(cancellationToken))
        {
            ForgetLongEnded();
            var now = DateTimeOffset.UtcNow;
            if (now - swept > SweepEvery)
            {
                swept = now;
                await Task.Run(() => files.SweepUploads(now), cancellationToken);
            }

            foreach (var sandbox in sandboxes.All)
            {
                if (sandbox.Record.State is not (SandboxState.Ended or SandboxState.Starting) && sandbox.Record.Deadline <= now && _ending.TryAdd(sandbox.Id, true))
                {
                    // A sandbox that ends slowly does not delay the others.
                    _ = Task.Run(() => ExpireAsync(sandbox), CancellationToken.None);
                }
            }
        }
    }

    private async Task ExpireAsync(LiveSandbox sandbox)
    {
        try
        {
            await life.EndAsync(sandbox, EndReason.Expired, onlyAfterDeadline: true);
        }
        catch (Exception fault)
        {
            LogNotEnded(logger, fault, sandbox.Id);
        }
        finally
        {
            _ending.TryRemove(sandbox.Id, out _);
        }
    }

    /// <summary>Keeps the latest records of ended sandboxes: they hold the reason.</summary>
    private void ForgetLongEnded()
    {
        var ended = sandboxes.Ended().ToList();
        foreach (var sandbox in ended.OrderBy(sandbox => sandbox.Record.CreatedAt).Take(ended.Count - options.MaxEnded))
        {
            life.Forget(sandbox);
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "sandbox {Sandbox} is over its time and could not be ended")]
    private static partial void LogNotEnded(ILogger logger, Exception fault, SandboxId sandbox);
}
