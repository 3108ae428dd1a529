using Sandbox.Core.Errors;
using Sandbox.Core.Quotas;
using Sandbox.Core.Recipes;
using Sandbox.Core.Runtime;

namespace Sandbox.Web.Catalog;

/// <summary>The isolation class of a node's sandbox: the strongest that its recipe, an operator for its image, and the plan of its owner ask for.</summary>
internal sealed class IsolationChoice(ImageCatalog catalog)
{
    /// <summary>The class to ask the runtime for; null leaves it to the image. The runtime knows the image's own, and may still refuse.</summary>
    public string? Of(RecipeNode node, string image, Plan plan) => IsolationDemand.Strongest(Of(node, image), plan.Isolation);

    /// <summary>The class that everybody's sandbox of a node has at least, whatever their plan.</summary>
    public string? Of(RecipeNode node, string image) => IsolationDemand.Strongest(node.Isolation, catalog.RequiredClassOf(image));

    /// <summary>
    /// The limits of a node's sandbox. With Docker inside they are larger, and a recipe may lower them. A recipe that lowers the
    /// memory gets the disk of any other sandbox: a plan counts memory, and so bounds how many large disks a person has.
    /// </summary>
    public SandboxLimits LimitsOf(RecipeNode node, string image, Plan plan)
    {
        var plain = node.LimitsWithin(plan.PerSandbox);
        if (catalog.OwnClassOf(image) != IsolationDemand.Nested)
        {
            return plain;
        }

        var docker = node.LimitsWithin(plan.PerDockerSandbox);
        return docker.MemoryBytes >= plan.PerDockerSandbox.MemoryBytes ? docker : docker with { DiskBytes = plain.DiskBytes, Inodes = plain.Inodes };
    }

    /// <summary>Refuses a launch that the runtime would refuse, as far as that is known before it waits for anything. Code: IsolationUnavailable.</summary>
    /// <param name="node">The node.</param>
    /// <param name="image">The catalog's name of its image.</param>
    /// <param name="plan">The plan of its owner.</param>
    /// <param name="offered">The classes that the runtime starts.</param>
    public void Check(RecipeNode node, string image, Plan plan, IReadOnlyList<string> offered)
    {
        if (Refusal(node, image, plan, catalog.OwnClassOf(image), offered) is { } words)
        {
            throw new SandboxException(ErrorCode.IsolationUnavailable, words);
        }
    }

    /// <summary>Why a node cannot start with the class that is required; null if it can, or if its recipe alone asks for a class that is not there.</summary>
    public string? Refusal(RecipeNode node, string image, Plan plan, string? ownClass, IReadOnlyList<string> offered)
    {
        if (Of(node, image, plan) is not { } asked)
        {
            return null;
        }

        var by = plan.Isolation == asked ? "Your plan requires" : catalog.RequiredClassOf(image) == asked ? $"The operator requires for the image {image}" : "The recipe asks for";
        return !IsolationDemand.Fits(ownClass, asked) ? $"{by} {IsolationDemand.Title(asked)}, and Docker, which the image {image} runs inside, does not run in it."
            : node.Isolation != asked && !offered.Contains(asked, StringComparer.Ordinal) ? $"{by} {IsolationDemand.Title(asked)}, which this server cannot start now. Ask its operator."
            : null;
    }
}
