using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.Data.Sqlite;

namespace Sandbox.EndToEnd.Tests.Contract;

/// <summary>Everything that an instance may leave behind on its host and in its database, counted.</summary>
internal sealed record HostCensus(SortedDictionary<string, long> Counts)
{
    /// <summary>Rows that stay for a day or more by design: each launch, guest or event makes one.</summary>
    private static readonly string[] History = ["Playgrounds", "Sandboxes", "People", "Tokens", "Audit", "IdempotencyKeys", "TutorialCounts", "sqlite_sequence", "AdminLinks"];

    /// <summary>Files and connections that two processes have open vary with what was asked last.</summary>
    private const long OpenFilesVary = 24;

    /// <summary>Tables of the kernel that every program on the host fills; <c>infra/soak</c> is alone on it.</summary>
    private static readonly long HostVaries = Environment.GetEnvironmentVariable("SANDBOX_SOAK_LOG") is null ? long.MaxValue / 2 : 512;

    public static async Task<HostCensus> TakeAsync()
    {
        var counts = new SortedDictionary<string, long>(StringComparer.Ordinal);
        var daemon = await Instance.PidAsync("daemon");
        counts["mounts"] = Lines($"/proc/{daemon}/mountinfo").Concat(Lines("/proc/1/mountinfo")).LongCount(line => line.Contains(Instance.Home + "/", StringComparison.Ordinal));
        counts["loop devices"] = Directory.GetDirectories("/sys/block", "loop*").LongCount(loop => Lines(Path.Combine(loop, "loop/backing_file")).Any(file => file.StartsWith(Instance.Home + "/", StringComparison.Ordinal)));
        counts["network links"] = Directory.GetDirectories("/sys/class/net", Instance.Name + "-*").LongLength;
        counts["control groups"] = ControlGroups();
        counts["records of sandboxes"] = Directory.GetDirectories(Path.GetDirectoryName(Instance.RecordOf("x"))!).LongLength;
        counts["files of the runtime"] = Directory.GetFileSystemEntries(Path.Combine(Instance.Home, "data/runtime")).LongLength + Directory.GetFileSystemEntries(Path.Combine(Instance.Home, "run")).LongLength;
        counts["firewall"] = await FirewallAsync();
        CountProcesses(counts);
        foreach (var service in new[] { "daemon", "web" })
        {
            counts[$"open files of {service}"] = Directory.GetFiles($"/proc/{await Instance.PidAsync(service)}/fd").LongLength;
        }

        counts["host: files"] = First("/proc/sys/fs/file-nr");
        counts["host: asynchronous I/O"] = First("/proc/sys/fs/aio-nr");
        counts["host: pseudo-terminals"] = First("/proc/sys/kernel/pty/nr");
        Rows(counts);
        return new HostCensus(counts);
    }

    /// <summary>The counts that have grown, a line each.</summary>
    public IReadOnlyList<string> GrownSince(HostCensus before) =>
        [.. Counts
            .Where(now => now.Value > before.Counts.GetValueOrDefault(now.Key) + Slack(now.Key))
            .Select(now => string.Create(CultureInfo.InvariantCulture, $"{now.Key}: {before.Counts.GetValueOrDefault(now.Key)} before, {now.Value} now"))];

    public string TableBeside(HostCensus before) =>
        string.Join('\n', Counts.Select(now => string.Create(CultureInfo.InvariantCulture, $"{now.Key,-32} {before.Counts.GetValueOrDefault(now.Key),9} {now.Value,9}")));

    private static long Slack(string count) => count switch
    {
        _ when count.StartsWith("open files", StringComparison.Ordinal) => OpenFilesVary,
        _ when count.StartsWith("host: ", StringComparison.Ordinal) => HostVaries,
        _ when History.Any(table => count == "rows of " + table) => long.MaxValue / 2,
        _ => 0,
    };

    private static long ControlGroups()
    {
        var options = new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint, IgnoreInaccessible = true };
        return Directory.GetDirectories("/sys/fs/cgroup").Append("/sys/fs/cgroup")
            .Select(root => Path.Combine(root, Instance.Name))
            .Where(Directory.Exists)
            .Sum(group => Directory.EnumerateDirectories(group, "*", options).LongCount());
    }

    /// <summary>Processes whose user is a sandbox's, the network namespaces that they are in, and the holders of their terminals.</summary>
    private static void CountProcesses(SortedDictionary<string, long> counts)
    {
        var (inside, holders) = (0L, 0L);
        var namespaces = new HashSet<string>(StringComparer.Ordinal);
        foreach (var process in Directory.GetDirectories("/proc").Where(path => char.IsAsciiDigit(Path.GetFileName(path)[0])))
        {
            var uid = Lines(Path.Combine(process, "status")).FirstOrDefault(line => line.StartsWith("Uid:", StringComparison.Ordinal))?.Split('\t')[1];
            if (uid is not null && long.Parse(uid, CultureInfo.InvariantCulture) is var user && user >= Instance.UidBase && user < Instance.UidBase + (2048L * 65_536))
            {
                inside++;
                try
                {
                    namespaces.Add(File.ResolveLinkTarget(Path.Combine(process, "ns/net"), returnFinalTarget: false)?.Name ?? "");
                }
                catch (IOException)
                {
                    // It ends just now, and has no namespaces any more.
                }
            }
            else if (Lines(Path.Combine(process, "cmdline")).Any(line => line.Contains(Instance.Home, StringComparison.Ordinal) && line.Contains("/sandbox-tty", StringComparison.Ordinal)))
            {
                holders++;
            }
        }

        counts["processes of sandboxes"] = inside;
        counts["network namespaces"] = namespaces.Count;
        counts["holders of terminals"] = holders;
    }

    /// <summary>
    /// Rules, sets, and the elements that belong to a playground: the kernel makes and forgets the others, and onlink
    /// follows the networks of the host.
    /// </summary>
    private static async Task<long> FirewallAsync()
    {
        var count = 0L;
        foreach (var table in (await Instance.RunAsync("nft", "list", "tables")).Split('\n').Select(line => line.Split(' ')).Where(words => words.Length == 3 && words[2] == "sandbox-" + Instance.Name))
        {
            var parts = JsonNode.Parse(await Instance.RunAsync("nft", "-j", "list", "table", table[1], table[2]))!["nftables"]!.AsArray();
            count += parts.Count + parts.Select(part => part!["set"] ?? part["map"]).Where(set => set is not null && set["flags"] is null && (string?)set["name"] != "onlink").Sum(set => set!["elem"]?.AsArray().Count ?? 0);
        }

        return count;
    }

    private static void Rows(SortedDictionary<string, long> counts)
    {
        using var database = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = Path.Combine(Instance.Home, "data/web/sandbox.db"), Mode = SqliteOpenMode.ReadOnly, Pooling = false }.ToString());
        database.Open();
        var tables = Query(database, "SELECT name FROM sqlite_master WHERE type = 'table'", reader => reader.GetString(0));
        foreach (var table in tables)
        {
            counts["rows of " + table] = Query(database, $"SELECT count(*) FROM \"{table}\"", reader => reader.GetInt64(0))[0];
        }

        counts["rows of playgrounds that live"] = Query(database, "SELECT count(*) FROM Playgrounds WHERE lower(State) <> 'ended'", reader => reader.GetInt64(0))[0];
    }

    private static List<T> Query<T>(SqliteConnection database, string text, Func<SqliteDataReader, T> read)
    {
        using var command = database.CreateCommand();
#pragma warning disable CA2100 // the names are the database's own
        command.CommandText = text;
#pragma warning restore CA2100
        using var reader = command.ExecuteReader();
        var rows = new List<T>();
        while (reader.Read())
        {
            rows.Add(read(reader));
        }

        return rows;
    }

    private static long First(string file) => long.Parse(File.ReadAllText(file).Split('\t', '\n')[0], CultureInfo.InvariantCulture);

    /// <summary>The lines of a file of the kernel; none if it is gone meanwhile.</summary>
    private static string[] Lines(string file)
    {
        try
        {
            return File.ReadAllLines(file);
        }
        catch (IOException)
        {
            return [];
        }
    }
}
