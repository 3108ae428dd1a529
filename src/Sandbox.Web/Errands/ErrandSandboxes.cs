using Sandbox.Core.Errors;
using Sandbox.Core.Images;
using Sandbox.Core.Networks;
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

namespace Sandbox.Web.Errands;

/// <summary>What is done in a sandbox.</summary>
/// <param name="Name">The sandbox's name.</param>
/// <param name="Image">The catalog's image.</param>
/// <param name="Work">The work in words: <c>repositories are read</c>.</param>
internal sealed record Errand(string Name, string Image, string Work)
{
    /// <summary>Less than the plan allows; null is the plan's limits.</summary>
    public RecipeResources? Resources { get; init; }

    /// <summary>What its network reaches.</summary>
    public NetworkPolicy Network { get; init; } = NetworkPolicy.Open;

    /// <summary>Volumes of the person, which are made if there are none of their names.</summary>
    public IReadOnlyList<RecipeVolume> Volumes { get; init; } = [];

    /// <summary>When the runtime ends it, if that is before the end of the lease.</summary>
    public DateTimeOffset? Until { get; init; }
}

/// <summary>
/// Opens the sandboxes of errands. Each is a playground of its person, so the person's plan and network bound it; it never leaves the state <c>starting</c>, so a restart of this process ends it.
/// </summary>
internal sealed class ErrandSandboxes(Admission admission, PlaygroundLife life, Endings endings, ISandboxRuntime runtime, ImageCatalog catalog, IsolationChoice isolation, OwnedVolumes volumes, GuestAddresses addresses)
{
    /// <summary>A sandbox of an image of the catalog. Codes: Quota, Capacity, Conflict (its image is still being made) and those of the runtime.</summary>
    public async Task<ErrandSandbox> OpenAsync(PersonId owner, Errand errand, CancellationToken cancellationToken)
    {
        var image = catalog.Resolve(errand.Image);
        if (image.Digest is null)
        {
            throw new SandboxException(ErrorCode.Conflict, $"The image {image.Name}, in which {errand.Work}, is still being made. Try again in a minute.");
        }

        var node = new RecipeNode { Name = errand.Name, Image = image.Name, Resources = errand.Resources, Network = errand.Network.Network, Domains = errand.Network.Domains, Volumes = errand.Volumes };
        var row = (await admission.AdmitAsync(owner, new LaunchOrder(new Recipe { Nodes = [node] }, [image]), idempotencyKey: null)).Row;
        var plan = row.Owner!.Plan!.ToPlan();
        var sandbox = new ErrandSandbox(runtime, endings, life, PlaygroundId.Parse(row.Id), SandboxId.Parse(row.Sandboxes[0].Id));
        try
        {
            await runtime.Sandboxes.CreateAsync(
                new SandboxSpec(node)
                {
                    Id = sandbox.Id,
                    Playground = sandbox.Playground,
                    Owner = owner,
                    OwnerGroup = addresses.GroupOf(row.Owner!),
                    Name = node.Name,
                    Image = image.Digest ?? default(Digest),
                    Limits = isolation.LimitsOf(node, image.Name, plan),
                    OwnerLimits = plan.Total,
                    Network = row.Sandboxes[0].Policy.Network,
                    Domains = row.Sandboxes[0].Policy.Domains,
                    Isolation = row.Sandboxes[0].Isolation,
                    Volumes = await volumes.ForAsync(owner.Value, node, cancellationToken),
                    Deadline = errand.Until is { } until && until < row.EndsAt ? until : row.EndsAt,
                },
                cancellationToken);
            return sandbox;
        }
        catch
        {
            await sandbox.DisposeAsync();
            throw;
        }
    }
}
