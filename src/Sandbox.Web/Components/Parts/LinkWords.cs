using System.Globalization;
using Sandbox.Web.Links;

namespace Sandbox.Web.Components.Parts;

/// <summary>A link's author, budget and statistics, written for people.</summary>
internal static class LinkWords
{
    /// <summary>"Made by a guest of this server".</summary>
    public static string Author(string author) => author switch
    {
        "you" => "Made by you",
        "operator" => "Made by an operator of this server",
        _ => "Made by a guest of this server",
    };

    /// <summary>"3 at once, 20 a day, no network"; null when nothing is limited.</summary>
    public static string? Budget(LinkBudgetView budget)
    {
        string?[] parts =
        [
            budget.AtOnce is { } atOnce ? string.Create(CultureInfo.InvariantCulture, $"{atOnce} at once") : null,
            budget.PerDay is { } perDay ? string.Create(CultureInfo.InvariantCulture, $"{perDay} a day") : null,
            budget.From is { } from ? $"{from} to {budget.Until} UTC" : null,
            budget.ExpiresAt is { } end ? string.Create(CultureInfo.InvariantCulture, $"until {end.UtcDateTime:yyyy-MM-dd HH:mm} UTC") : null,
            budget.Offline ? "no network" : null,
            budget.HasPassword ? "with a password" : null,
        ];
        return parts.OfType<string>().ToList() is { Count: > 0 } said ? string.Join(", ", said) : null;
    }

    /// <summary>"12 starts in 30 days, 2 today. 1 running, 3 waiting. Prompt after 420 ms. Ended: 5 idle."</summary>
    public static string Statistics(LinkStatisticsView statistics)
    {
        var words = new List<string>
        {
            string.Create(CultureInfo.InvariantCulture, $"{statistics.Starts} {(statistics.Starts == 1 ? "start" : "starts")} in 30 days, {statistics.StartsToday} in the last 24 hours."),
        };
        if (statistics.Running + statistics.Waiting > 0)
        {
            words.Add(string.Create(CultureInfo.InvariantCulture, $"{statistics.Running} running, {statistics.Waiting} waiting."));
        }

        if (statistics.MedianPromptMs is { } prompt)
        {
            words.Add($"Half of them had a prompt within {Shown.Duration(prompt)}.");
        }

        if (statistics.Ends.Count > 0)
        {
            words.Add($"Ended: {string.Join(", ", statistics.Ends.OrderByDescending(end => end.Value).Select(end => string.Create(CultureInfo.InvariantCulture, $"{end.Value} {Reason(end.Key)}")))}.");
        }

        return string.Join(' ', words);
    }

    private static string Reason(string reason) => reason switch
    {
        "removed" => "by their visitor",
        "expired" => "when the time was up",
        "idle" => "idle",
        "operator" => "by an operator",
        "host_restarted" => "by a restart of the host",
        "disk_full" => "for room on the host's disk",
        "launch_failed" => "because the launch failed",
        _ => reason,
    };
}
