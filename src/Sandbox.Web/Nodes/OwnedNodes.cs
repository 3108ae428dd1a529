using System.Collections.Concurrent;
using Sandbox.Core.Databases;
using Sandbox.Core.Errors;
using Sandbox.Core.Images;
using Sandbox.Core.People;
using Sandbox.Core.Playgrounds;
using Sandbox.Core.Recipes;
using Sandbox.Core.Runtime;
using Sandbox.Core.Sandboxes;
using Sandbox.Web.Catalog;
using Sandbox.Web.Lifecycle;
using Sandbox.Web.People;
using Sandbox.Web.Playgrounds;
using Sandbox.Web.Volumes;

namespace Sandbox.Web.Nodes;

/// <summary>Adds nodes to the running playgrounds of a person, and removes them: on record first, then in the runtime.</summary>
internal sealed partial class OwnedNodes(NodeRecords records, IsolationChoice isolation, OwnedVolumes volumes, GuestAddresses addresses, ISandboxRuntime runtime, Endings endings, SandboxStates states, Presence presence, PlacesFreed places, ILogger<OwnedNodes> logger) : IHostedService
{
    private readonly ConcurrentDictionary<string, Task> _starting = new(StringComparer.Ordinal);

    /// <summary>What was half started when the process ended leaves the record; the runtime's part goes as all that is on no record.</summary>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        foreach (var (playground, sandbox) in await records.InterruptedAsync())
        {
            await records.DropAsync(playground, sandbox);
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Adds a node and starts it, also when the caller leaves meanwhile. Codes: those of <see cref="NodeRecords.AddAsync"/> and of the runtime.</summary>
    public async Task<SandboxView> AddAsync(PersonId owner, PlaygroundId playground, RecipeNode node, string? idempotencyKey, CancellationToken cancellationToken)
    {
        OwnedPlaygrounds.CheckKey(idempotencyKey);
        var record = await records.AddAsync(owner, playground, node, idempotencyKey);
        presence.Touch(playground);
        if (!record.IsRepeat)
        {
            var start = new Task<Task>(() => StartAsync(record));
            _starting[record.Sandbox.Id] = start.Unwrap();
            start.Start(TaskScheduler.Default);
        }

        if (_starting.TryGetValue(record.Sandbox.Id, out var starting))
        {
            await starting.WaitAsync(cancellationToken);
            record.Sandbox.State = SandboxState.Running;
        }

        return record.Sandbox.ToView(record.Playground, states);
    }

    /// <summary>Removes a node: its programs end, its files are gone. Codes: NotFound, Conflict.</summary>
    public async Task RemoveAsync(PersonId owner, SandboxId id)
    {
        if (_starting.TryGetValue(id.Value, out var starting))
        {
            await starting.ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }

        await records.RemoveAsync(owner, id);
        places.Free();
        await endings.RemoveAsync([id]);
    }

    private async Task StartAsync(NodeRecord record)
    {
        var (row, sandbox, node) = (record.Playground, SandboxId.Parse(record.Sandbox.Id), record.Node);
        var plan = row.Owner!.Plan!.ToPlan();
        try
        {
            await runtime.Sandboxes.CreateAsync(
                new SandboxSpec(node)
                {
                    Id = sandbox,
                    Playground = PlaygroundId.Parse(row.Id),
                    Owner = PersonId.Parse(row.OwnerId),
                    OwnerGroup = addresses.GroupOf(row.Owner!),
                    Name = node.Name,
                    Image = Digest.Parse(record.Sandbox.Digest),
                    Limits = isolation.LimitsOf(node, record.Sandbox.Image, plan),
                    OwnerLimits = plan.Total,
                    Network = record.Sandbox.Policy.Network,
                    Domains = record.Sandbox.Policy.Domains,
                    Isolation = record.Sandbox.Isolation,
                    Deadline = row.EndsAt + Endings.LongestSave,
                    Volumes = await volumes.ForAsync(row.OwnerId, node, CancellationToken.None),
                    Database = DatabaseServer.OfAdded(record.Sandbox.Image),
                },
                CancellationToken.None);
            var endsAt = await records.RunAsync(sandbox) ?? throw new SandboxException(ErrorCode.Conflict, "The playground ended while the node started.");
            if (endsAt != row.EndsAt)
            {
                await runtime.Sandboxes.ExtendAsync(sandbox, endsAt + Endings.LongestSave, CancellationToken.None); // it was extended meanwhile
            }
        }
        catch (Exception fault)
        {
            Log.NotStarted(logger, fault, row.Id, node.Name);
            await records.DropAsync(PlaygroundId.Parse(row.Id), sandbox);
            await endings.RemoveAsync([sandbox]);
            throw fault as SandboxException ?? new SandboxException(ErrorCode.Internal, "Something went wrong on our side.", fault);
        }
        finally
        {
            _starting.TryRemove(record.Sandbox.Id, out _);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "The node {Node} of playground {Playground} could not be started")]
        public static partial void NotStarted(ILogger logger, Exception fault, string playground, string node);
    }
}
