using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Sandbox.Benchmarks;

/// <summary>One line of the table: the same measure of ours, of the peer and of the floor, in one unit.</summary>
/// <param name="Measure">What was measured.</param>
/// <param name="Unit">ms, MB/s, MiB.</param>
/// <param name="Ours">Sandbox; null for what could not be measured here.</param>
/// <param name="Peer">ttyd with docker run -it, or the program that the measure names.</param>
/// <param name="Floor">ttyd with a bare shell: no isolation at all.</param>
/// <param name="Goal">What is aimed at, in words.</param>
/// <param name="Met">Whether it is reached; null where there is no goal.</param>
internal sealed record Line(string Measure, string Unit, double? Ours, double? Peer, double? Floor, string? Goal, bool? Met)
{
    /// <summary>Ours as a part of the peer's.</summary>
    public double? Ratio => Peer is > 0 ? Ours / Peer : null;
}

/// <summary>Where the milliseconds of a launch go: median and 95th percentile of a phase.</summary>
internal sealed record Phase(string Of, string Name, double P50, double P95);

/// <summary>What one run found.</summary>
internal sealed class Report
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public DateTimeOffset At { get; } = DateTimeOffset.UtcNow;

    public string Host { get; } = $"{Environment.ProcessorCount} cores, load {File.ReadAllText("/proc/loadavg").Split(' ')[0]} at the start";

    public List<Line> Lines { get; } = [];

    public List<Phase> Phases { get; } = [];

    public void Print(TextWriter to)
    {
        to.WriteLine();
        to.WriteLine(Host);
        to.WriteLine();
        to.WriteLine($"{"measure",-44} {"unit",-5} {"ours",9} {"docker",9} {"bare",9} {"ratio",7}  {"goal",-26} met");
        foreach (var line in Lines)
        {
            to.WriteLine($"{line.Measure,-44} {line.Unit,-5} {Text(line.Ours),9} {Text(line.Peer),9} {Text(line.Floor),9} {Text(line.Ratio),7}  {line.Goal ?? "",-26} {(line.Met is { } met ? met ? "yes" : "NO" : "")}");
        }

        to.WriteLine();
        to.WriteLine($"{"where a launch's time goes",-44} {"p50 ms",9} {"p95 ms",9}");
        foreach (var phase in Phases)
        {
            to.WriteLine($"{phase.Of + ": " + phase.Name,-44} {Text(phase.P50),9} {Text(phase.P95),9}");
        }
    }

    public void Write(string file)
    {
        File.WriteAllText(file + ".new", JsonSerializer.Serialize(this, Json));
        File.Move(file + ".new", file, overwrite: true);
    }

    private static string Text(double? value) => value is { } number ? number.ToString(Math.Abs(number) < 100 ? "0.00" : "0", CultureInfo.InvariantCulture) : "";
}

/// <summary>Measured values of one kind.</summary>
internal sealed class Series
{
    private readonly List<double> _values = [];

    public int Count => _values.Count;

    public double P50 => At(0.5);

    public double P95 => At(0.95);

    public double P99 => At(0.99);

    public void Add(double value)
    {
        lock (_values)
        {
            _values.Add(value);
        }
    }

    /// <summary>The nearest rank.</summary>
    private double At(double part)
    {
        var sorted = _values.Order().ToList();
        return sorted.Count == 0 ? 0 : sorted[Math.Max(0, (int)Math.Ceiling(part * sorted.Count) - 1)];
    }
}
