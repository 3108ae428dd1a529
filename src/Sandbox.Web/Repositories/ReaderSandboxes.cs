using Sandbox.Core.Errors;
using Sandbox.Core.Images;
using Sandbox.Core.People;
using Sandbox.Core.Playgrounds;
using Sandbox.Core.Recipes;
using Sandbox.Core.Runtime;
using Sandbox.Core.Sandboxes;
using Sandbox.Web.Catalog;
using Sandbox.Web.Lifecycle;
using Sandbox.Web.Playgrounds;

namespace Sandbox.Web.Repositories;

/// <summary>
/// Opens the sandboxes in which repositories are read. Each is a playground of its visitor, so the visitor's plan and
/// network bound it; it never leaves the state <c>starting</c>, so a restart of this process ends it.
/// </summary>
internal sealed class ReaderSandboxes(Admission admission, PlaygroundLife life, Endings endings, ISandboxRuntime runtime, ImageCatalog catalog, WebOptions options)
{
    private const int MemoryMiB = 256;

    /// <summary>A sandbox with git. Codes: Quota, Capacity, Conflict (its image is still being made) and those of the runtime.</summary>
    public async Task<ReaderSandbox> OpenAsync(PersonId owner, CancellationToken cancellationToken)
    {
        var image = catalog.Resolve(options.Repositories.Image);
        if (image.Digest is null)
        {
            throw new SandboxException(ErrorCode.Conflict, $"The image {image.Name}, in which repositories are read, is still being made. Try again in a minute.");
        }

        var node = new RecipeNode { Name = "reader", Image = image.Name, Resources = new RecipeResources { MemoryMiB = MemoryMiB, DiskMiB = options.Repositories.DiskMiB } };
        var row = (await admission.AdmitAsync(owner, new LaunchOrder(new Recipe { Nodes = [node] }, [image]), idempotencyKey: null)).Row;
        var plan = row.Owner!.Plan!.ToPlan();
        var sandbox = new ReaderSandbox(runtime.Sandboxes, runtime.Files, endings, life, PlaygroundId.Parse(row.Id), SandboxId.Parse(row.Sandboxes[0].Id));
        try
        {
            await runtime.Sandboxes.CreateAsync(
                new SandboxSpec(node)
                {
                    Id = sandbox.Id,
                    Playground = sandbox.Playground,
                    Owner = owner,
                    Name = node.Name,
                    Image = image.Digest ?? default(Digest),
                    Limits = node.LimitsWithin(plan.PerSandbox),
                    OwnerLimits = plan.Total,
                    Deadline = row.EndsAt,
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
