using System.Globalization;
using Microsoft.EntityFrameworkCore;
using Sandbox.Core.Errors;
using Sandbox.Web.Store;

namespace Sandbox.Web.Queue;

/// <summary>How many may wait, so that nobody fills the queue: in all, of one person, and guests of one address, of IPv6 one /48.</summary>
internal static class QueuePlaces
{
    /// <summary>When a place of the queue may be free.</summary>
    private static readonly TimeSpan AfterOthersEnter = TimeSpan.FromMinutes(1);

    /// <summary>Refuses one place too many. Part of the caller's transaction. Code: Capacity.</summary>
    /// <param name="db">The transaction.</param>
    /// <param name="owner">Who wants to wait.</param>
    /// <param name="around">The guests of the same address, of IPv6 the same /48.</param>
    /// <param name="limits">The bounds.</param>
    public static async Task CheckAsync(SandboxDb db, string owner, IReadOnlyList<string> around, WebLimits limits)
    {
        var waiting = db.Playgrounds.Where(row => row.State == PlaygroundStage.Queued && (row.AwaitsLink || row.Place != null));
        if (await waiting.CountAsync() >= limits.QueuePlaces)
        {
            throw Refusal("The queue is full. Try again in a few minutes.");
        }

        if (await waiting.CountAsync(row => row.OwnerId == owner) >= limits.QueuePlacesPerPerson)
        {
            throw Refusal(string.Create(CultureInfo.InvariantCulture, $"You already wait {limits.QueuePlacesPerPerson} times in the queue. Leave one place first, or try again later."));
        }

        if (around.Count > 1 && await waiting.CountAsync(row => around.Contains(row.OwnerId)) >= limits.QueuePlacesPerAddress)
        {
            throw Refusal("Guests of your network already use their share of the queue. Try again in a few minutes.");
        }
    }

    private static SandboxException Refusal(string message) => new(ErrorCode.Capacity, message) { RetryAfter = AfterOthersEnter };
}
