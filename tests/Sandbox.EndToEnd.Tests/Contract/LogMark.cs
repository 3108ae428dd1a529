using System.Text.Json;

namespace Sandbox.EndToEnd.Tests.Contract;

/// <summary>A position in a process's log, for the lines after it.</summary>
internal sealed class LogMark
{
    private readonly string _file;
    private readonly long _length;

    private LogMark(string file, long length) => (_file, _length) = (file, length);

    public static LogMark Now(string process)
    {
        var file = Instance.LogOf(process);
        return new LogMark(file, new FileInfo(file).Length);
    }

    /// <summary>The errors that the process has logged since.</summary>
    public List<string> Errors()
    {
        using var stream = new FileStream(_file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        // A file that is full is put aside, and a fresh one begun.
        stream.Position = stream.Length >= _length ? _length : 0;
        using var reader = new StreamReader(stream);
        var errors = new List<string>();
        while (reader.ReadLine() is { } line)
        {
            // 2026-11-28T01:02:03.45678 {"Timestamp":"…","EventId":1,"LogLevel":"Error","Category":"…","Message":"…"}
            var json = line.IndexOf('{', StringComparison.Ordinal);
            if (json < 0 || !line.EndsWith('}'))
            {
                continue;
            }

            using var entry = JsonDocument.Parse(line[json..]);
            if (entry.RootElement.TryGetProperty("LogLevel", out var level) && level.GetString() is "Error" or "Critical")
            {
                errors.Add(line);
            }
        }

        return errors;
    }
}
