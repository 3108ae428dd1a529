using System.Globalization;
using Sandbox.Core.Errors;
using Sandbox.Core.Images;
using Sandbox.Core.Recipes;
using Sandbox.Tutorials;
using Sandbox.Tutorials.Backends;
using Sandbox.Web.Catalog;

namespace Sandbox.Web.Tutorials;

/// <summary>The image that stands for a tutorial's backend, or the reason why there is none.</summary>
/// <param name="Image">A name of the catalog.</param>
/// <param name="Reason">Why it cannot be run; null with an image.</param>
internal sealed record TutorialPlace(string? Image, string? Reason);

/// <summary>Finds what a tutorial runs on in the catalog of this server.</summary>
internal sealed class TutorialPlaces(ImageCatalog catalog)
{
    /// <summary>Images that do for others, best first: the scenarios of Katacoda use of an Ubuntu what a Debian has too.</summary>
    private static readonly Dictionary<string, string[]> StandIns = new(StringComparer.Ordinal)
    {
        ["ubuntu"] = ["debian"],
        ["ubuntu-docker"] = ["docker", "debian-docker"],
        ["nodejs"] = ["node"],
        ["golang"] = ["go"],
    };

    /// <summary>The catalog image that stands for a tutorial's image.</summary>
    public TutorialPlace Find(string image)
    {
        if (image.Length == 0)
        {
            return new TutorialPlace(null, "it does not say what it runs on");
        }

        if (Digest.TryParse(image, out _))
        {
            return Has(image) ? new TutorialPlace(image, null) : Missing(image);
        }

        // node:18 is the catalog's node, whichever version that is.
        var plain = image[(image.LastIndexOf('/') + 1)..].Split(':')[0];
        var found = new[] { image, plain }.Concat(StandIns.GetValueOrDefault(plain) ?? []).FirstOrDefault(Has);
        return found is null ? Missing(image) : new TutorialPlace(found, null);
    }

    /// <summary>The recipe of a tutorial that names no link. Code: Conflict, with the reason why it cannot be run here.</summary>
    public Recipe RecipeOf(Tutorial tutorial)
    {
        var place = Find(ImageOf(tutorial));
        if (place.Image is null)
        {
            throw new SandboxException(ErrorCode.Conflict, $"This tutorial can only be read here: {place.Reason}.");
        }

        return tutorial.Recipe is not { } recipe
            ? tutorial.Backend.HasNodes ? Nodes(place.Image, tutorial.Backend.Hosts) : Recipe.FromImage(place.Image)
            : recipe with { Nodes = [recipe.Nodes[0] with { Image = place.Image }, .. recipe.Nodes.Skip(1)] };
    }

    /// <summary>The image that a tutorial asks for; empty when a link says it.</summary>
    public static string ImageOf(Tutorial tutorial) => tutorial switch
    {
        { Link: not null } => "",
        { Recipe.Nodes: [var node, ..] } => node.Image,

        // An Ubuntu of Katacoda had Docker in it.
        { Backend: { Kind: BackendKind.Docker, Image: "ubuntu" } } => "ubuntu-docker",
        _ => tutorial.Backend.Image,
    };

    /// <summary>Machines of one image, called as those of Play with Docker.</summary>
    private static Recipe Nodes(string image, int hosts) =>
        new() { Nodes = [.. Enumerable.Range(1, hosts).Select(number => new RecipeNode { Name = string.Create(CultureInfo.InvariantCulture, $"node{number}"), Image = image })] };

    private bool Has(string image)
    {
        try
        {
            catalog.Resolve(image);
            return true;
        }
        catch (SandboxException missing) when (missing.Code == ErrorCode.ImageNotFound)
        {
            return false;
        }
    }

    private static TutorialPlace Missing(string image) => new(null, $"the catalog of this server has no image for {(image.Length > 80 ? image[..80] + "…" : image)}");
}
