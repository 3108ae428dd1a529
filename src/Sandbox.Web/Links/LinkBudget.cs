using System.Globalization;
using Microsoft.EntityFrameworkCore;
using Sandbox.Core.Errors;
using Sandbox.Web.Store;

namespace Sandbox.Web.Links;

/// <summary>The limits that a link's owner set for its visitors. They never bound the owner.</summary>
internal static class LinkBudget
{
    /// <summary>The most of <see cref="LinkRow.AtOnce"/>.</summary>
    public const int MaxAtOnce = 10_000;

    /// <summary>The most of <see cref="LinkRow.PerDay"/>.</summary>
    public const int MaxPerDay = 100_000;

    private const int MinutesOfDay = 24 * 60;

    /// <summary>Why a link is closed to its visitors now; null when it is open.</summary>
    public static string? ClosedBecause(LinkRow link, DateTimeOffset now)
    {
        if (link.ExpiresAt is { } end && end <= now)
        {
            return string.Create(CultureInfo.InvariantCulture, $"This link expired on {end.UtcDateTime:yyyy-MM-dd HH:mm} UTC. Ask its author for a new one.");
        }

        if (link is { FromMinute: { } from, UntilMinute: { } until })
        {
            var minute = (int)(now.UtcDateTime.TimeOfDay.TotalMinutes % MinutesOfDay);
            var isOpen = from <= until ? minute >= from && minute < until : minute >= from || minute < until;
            if (!isOpen)
            {
                return $"This link starts from {Clock(from)} to {Clock(until)} UTC only. It is {Clock(minute)} UTC now.";
            }
        }

        return null;
    }

    /// <summary>Refuses a start beyond the day's number. Part of the caller's transaction. Code: Quota.</summary>
    public static async Task CheckDayAsync(SandboxDb db, LinkRow link, DateTimeOffset now)
    {
        if (link.PerDay is not { } most)
        {
            return;
        }

        var since = now.AddDays(-1);
        var starts = db.LinkStarts.Where(row => row.OwnerId == link.OwnerId && row.Hash == link.Hash && row.At > since);
        if (await starts.CountAsync() < most)
        {
            return;
        }

        var wait = await starts.MinAsync(row => row.At) - since;
        throw new SandboxException(ErrorCode.Quota, string.Create(CultureInfo.InvariantCulture,
            $"This link was started {most} times in the last 24 hours, which is its limit. Try again in {Math.Max(1, (int)Math.Ceiling(wait.TotalMinutes))} minutes."));
    }

    /// <summary>Whether one more playground of the link may run, besides those that wait before it. Part of the caller's transaction.</summary>
    public static async Task<bool> HasPlaceAsync(SandboxDb db, LinkRow link) =>
        link.AtOnce is not { } most || await db.Playgrounds.CountAsync(row => row.LinkHash == link.Hash && row.LinkOwnerId == link.OwnerId && row.State != PlaygroundStage.Ended && !row.AwaitsLink) < most;

    /// <summary>A minute of the day as a clock shows it.</summary>
    public static string Clock(int minute) => string.Create(CultureInfo.InvariantCulture, $"{minute / 60:00}:{minute % 60:00}");

    /// <summary>Reads <c>08:00</c>; 24:00 is the end of the day.</summary>
    public static bool TryReadClock(string text, out int minute)
    {
        minute = 0;
        if (text is not [_, _, ':', _, _]
            || !int.TryParse(text.AsSpan(0, 2), NumberStyles.None, CultureInfo.InvariantCulture, out var hours)
            || !int.TryParse(text.AsSpan(3, 2), NumberStyles.None, CultureInfo.InvariantCulture, out var minutes)
            || hours > 24 || minutes > 59 || (hours == 24 && minutes > 0))
        {
            return false;
        }

        minute = (hours * 60) + minutes;
        return true;
    }
}
