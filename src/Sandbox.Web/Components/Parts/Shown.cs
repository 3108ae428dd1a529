using System.Globalization;
using Sandbox.Web.Playgrounds;
using Sandbox.Web.Recordings;

namespace Sandbox.Web.Components.Parts;

/// <summary>How values are written for people.</summary>
internal static class Shown
{
    /// <summary>1,200,000 is "1.2 MB": decimal units, as disks and registries count.</summary>
    public static string Size(long bytes) => bytes switch
    {
        < 1_000_000 => string.Create(CultureInfo.InvariantCulture, $"{Math.Max(1, bytes / 1000)} kB"),
        < 10_000_000 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e6:0.0} MB"),
        < 1_000_000_000 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e6:0} MB"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e9:0.0} GB"),
    };

    /// <summary>A limit of memory or disk, in the binary units in which plans are written: "512 MiB", "1.5 GiB".</summary>
    public static string Limit(long bytes) => bytes < 1L << 30
        ? string.Create(CultureInfo.InvariantCulture, $"{bytes / 1024.0 / 1024:0} MiB")
        : string.Create(CultureInfo.InvariantCulture, $"{bytes / 1024.0 / 1024 / 1024:0.#} GiB");

    /// <summary>
    /// The program of a command as a person would say it: "postgres" for
    /// <c>/usr/local/bin/docker-entrypoint.sh postgres -c fsync=off</c>.
    /// </summary>
    public static string Program(string command)
    {
        var words = command.Split(' ', StringSplitOptions.RemoveEmptyEntries).Where(word => !word.StartsWith('-')).Select(word => word[(word.LastIndexOf('/') + 1)..]).Where(word => word.Length > 0).ToList();
        var name = words.Find(word => !word.Contains("entrypoint", StringComparison.Ordinal) && word is not ("sh" or "tini" or "env" or "exec" or "gosu" or "dumb-init")) ?? words.FirstOrDefault();
        return name?.Replace("docker-entrypoint.sh", "its own program", StringComparison.Ordinal) ?? "";
    }

    /// <summary>The first twelve digits of a digest.</summary>
    public static string Digest(string digest)
    {
        var hex = digest[(digest.IndexOf(':', StringComparison.Ordinal) + 1)..];
        return hex.Length > 12 ? hex[..12] : hex;
    }

    /// <summary>For machines; scripts write it as the visitor's clock does.</summary>
    public static string Iso(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);

    /// <summary>65 seconds are "1:05".</summary>
    public static string Clock(double seconds)
    {
        var time = TimeSpan.FromSeconds(seconds);
        return time.TotalHours >= 1 ? string.Create(CultureInfo.InvariantCulture, $"{(int)time.TotalHours}:{time:mm\\:ss}") : time.ToString(@"m\:ss", CultureInfo.InvariantCulture);
    }

    /// <summary>How long something is kept.</summary>
    public static string Days(int days) => days switch
    {
        1 => "a day",
        7 => "a week",
        _ => string.Create(CultureInfo.InvariantCulture, $"{days} days"),
    };

    /// <summary>How a recording ended, in a few words.</summary>
    public static string RecordingEnd(RecordingView recording) => recording.Reason switch
    {
        null => "still recording",
        "stopped" => "stopped by you",
        "exited" or "closed" => "ended with its terminal",
        "size" => "as large as one may be",
        "time" => "as long as one may be",
        "quota" => "ended when your recordings were as large as they may be",
        "disk" => "ended when the host had no more room",
        _ => "broke off",
    };

    /// <summary>Three digits and a unit people read: "0.21 ms", "48 ms", "1.3 s".</summary>
    public static string Duration(double? milliseconds) => milliseconds switch
    {
        null => "–",
        < 0.095 => string.Create(CultureInfo.InvariantCulture, $"{milliseconds * 1000:0} µs"),
        < 0.995 => string.Create(CultureInfo.InvariantCulture, $"{milliseconds:0.00} ms"),
        < 9.95 => string.Create(CultureInfo.InvariantCulture, $"{milliseconds:0.0} ms"),
        < 999.5 => string.Create(CultureInfo.InvariantCulture, $"{milliseconds:0} ms"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{milliseconds / 1000:0.0} s"),
    };

    /// <summary>Why a playground ended, in a sentence.</summary>
    public static string End(PlaygroundView playground) =>
        playground.Error?.Message ?? playground.Lease.Message ?? playground.Lease.Reason switch
        {
            "removed" => "You ended it.",
            "expired" => "Its time was up.",
            "idle" => "It was idle for too long.",
            "operator" => "The operator ended it.",
            "host_restarted" => "The host was restarted.",
            "disk_full" => "The host's disk was nearly full, and your sandboxes used the most of it. The playground could not be saved: a save needs room on the same disk.",
            "launch_failed" => "It could not be started.",
            _ => "It is over.",
        };
}
