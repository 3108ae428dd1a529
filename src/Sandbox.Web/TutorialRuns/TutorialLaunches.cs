using System.Security.Cryptography;
using Microsoft.EntityFrameworkCore;
using Sandbox.Core.Errors;
using Sandbox.Core.Images;
using Sandbox.Core.People;
using Sandbox.Core.Recipes;
using Sandbox.Web.Catalog;
using Sandbox.Web.Lifecycle;
using Sandbox.Web.Links;
using Sandbox.Web.Store;
using Sandbox.Web.Tutorials;

namespace Sandbox.Web.TutorialRuns;

/// <summary>Finds the recipe of a tutorial's launch: its lock, the link that it names, or its image of today, whose lock it then keeps.</summary>
internal sealed class TutorialLaunches(
    SqliteStore store,
    TutorialLibrary library,
    TutorialPlaces places,
    TutorialPublishing publishing,
    TutorialViews views,
    ImageCatalog catalog,
    LinkEntrance entrance,
    TimeProvider time) : IOrdersTutorials
{
    private const string CodeLetters = "abcdefghjkmnpqrstuvwxyz23456789";

    /// <inheritdoc/>
    public async Task<LaunchOrder> OrderAsync(PersonId? visitor, string address, IReadOnlyDictionary<string, string>? parameters, CancellationToken cancellationToken)
    {
        var row = await library.FindAsync(visitor, address);
        if (views.Reason(row) is { } reason)
        {
            throw new SandboxException(ErrorCode.Conflict, $"This tutorial can only be read here: {reason}.");
        }

        var open = await library.OpenAsync(row.SourceHash, row.Path);
        var values = Runs.Checked(open.Tutorial, null, parameters);
        return Begun(await FreshAsync(visitor, row, open, cancellationToken), row, address, values);
    }

    /// <summary>An order that begins a run when it is admitted.</summary>
    /// <param name="order">What is started.</param>
    /// <param name="row">The tutorial.</param>
    /// <param name="address">The address that it was asked for by.</param>
    /// <param name="values">The values of parameters as JSON.</param>
    internal LaunchOrder Begun(LaunchOrder order, TutorialRow row, string address, string values)
    {
        var now = time.GetUtcNow();
        return order with
        {
            Subject = row.Hash,
            Admitted = (db, playground) =>
            {
                db.TutorialRuns.Add(new TutorialRunRow
                {
                    Id = Guid.NewGuid().ToString("n"),
                    OwnerId = playground.OwnerId,
                    Hash = row.Hash,
                    SourceHash = row.SourceHash,
                    Path = row.Path,
                    Address = address,
                    Title = row.Title,
                    PlaygroundId = playground.Id,
                    Code = NewCode(),
                    Current = 1,
                    Parameters = values,
                    StartedAt = now,
                    UsedAt = now,
                });
                return Task.CompletedTask;
            },
        };
    }

    /// <summary>A code that nobody guesses, short enough to be typed: 12 letters of 31.</summary>
    public static string NewCode()
    {
        var letters = RandomNumberGenerator.GetString(CodeLetters, 12);
        return $"{letters[..4]}-{letters[4..8]}-{letters[8..]}";
    }

    /// <summary>A tutorial from its beginning, without a run.</summary>
    internal async Task<LaunchOrder> FreshAsync(PersonId? visitor, TutorialRow row, OpenTutorial open, CancellationToken cancellationToken)
    {
        if (open.Tutorial.Link is { } link)
        {
            var entered = await entrance.FindAsync(visitor, LinkAddress.TryParse(link, out var parsed) ? parsed : throw new SandboxException(ErrorCode.LinkNotFound, "The link that this tutorial starts from is none."));
            if (!entrance.LetsIn(entered, null))
            {
                throw entrance.Refusal(entered, null);
            }

            return new LaunchOrder(Filled(entered.Started), entered.Images) { Link = entered };
        }

        if (row.LockHash is null && await publishing.PinAsync(open.Scenario, cancellationToken) is { } draft)
        {
            // Its image was still being made when it was published.
            await publishing.KeepLockAsync(row, draft);
            return new LaunchOrder(Filled(draft.Recipe), draft.Images);
        }

        if (row.LockHash is { } hash && await store.ReadAsync(db => LockAsync(db, hash)) is { } found)
        {
            return found with { Recipe = Filled(found.Recipe) };
        }

        var recipe = places.RecipeOf(open.Tutorial);
        return new LaunchOrder(Filled(recipe), [.. recipe.Nodes.Select(node => catalog.Resolve(node.Image))]);
    }

    /// <summary>A lock as it is started; null when it is gone.</summary>
    internal static async Task<LaunchOrder?> LockAsync(SandboxDb db, string hash)
    {
        var content = await db.Recipes.Where(recipe => recipe.Hash == hash).Select(recipe => recipe.Content).SingleOrDefaultAsync();
        var images = await db.LockImages.AsNoTracking().Where(image => image.Hash == hash).OrderBy(image => image.Node).ToListAsync();
        return content is null || images.Count == 0
            ? null
            : new LaunchOrder(RecipeJson.Read(content), [.. images.Select(image => new ResolvedImage(image.Name, Digest.Parse(image.Digest), image.Interactive))]);
    }

    /// <summary>A recipe's own parameters are for its links; a tutorial asks in its pages. Those that must be given stop the launch. Code: Invalid.</summary>
    private static Recipe Filled(Recipe recipe) => ParameterRules.Validate(recipe, null) is [var mistake, ..]
        ? throw new SandboxException(ErrorCode.Invalid, mistake)
        : ParameterRules.Fill(recipe, null);
}
