using Sandbox.Benchmarks;

// Measures launches of our service beside ttyd with docker run -it, and ttyd with a bare shell. Started by infra/bench, which starts
// all three, and measures terminals with node/bench.mjs; prints a table and writes it as JSON. Nothing here passes or fails.
// With --floor URL --holders DIRECTORY it measures nothing, and is the program that a hub's and a WebSocket's own share is measured with;
// with --forward URL --to URL it is the YARP that previews are measured beside.
if (args is ["--floor", var floor, "--holders", var holders])
{
    await Floor.ServeAsync(floor, holders);
    return 0;
}

if (args is ["--forward", var forwarder, "--to", var destination])
{
    await Forwarder.ServeAsync(forwarder, destination);
    return 0;
}

Options options;
try
{
    options = Options.Parse(args);
}
catch (FormatException mistake)
{
    await Console.Error.WriteLineAsync($"Sandbox.Benchmarks: {mistake.Message}");
    return 2;
}

var report = new Report();
using var ours = new OurClient(options.Url);
var measures = new Measures(options, ours, report);
var links = new LinkMeasures(options, ours, report);
var pulls = new PullMeasures(options, ours, report);
var density = new DensityMeasures(options, ours, report);
var docker = new DockerMeasures(options, ours, report);
var previews = new PreviewMeasures(options, ours, report);
var gvisor = new GvisorMeasures(options, ours, report);
var peers = options.Parts.Any(part => part is not ("pulls" or "density" or "docker" or "gvisor"));
var launches = options.Parts.Contains("launch", StringComparer.Ordinal);
try
{
    foreach (var (what, measure) in new (string, Func<Task>)[]
    {
        ("warming up", peers ? measures.WarmUpAsync : Nothing),
        ("idle cost", launches ? measures.IdleAsync : Nothing),
        ("click to prompt", launches ? measures.LaunchesAsync : Nothing),
        ("many at once", launches ? measures.TogetherAsync : Nothing),
        ("create and first command", launches ? measures.FirstCommandsAsync : Nothing),
        ("links", options.Parts.Contains("links", StringComparer.Ordinal) ? links.MeasureAsync : Nothing),
        ("density", options.Parts.Contains("density", StringComparer.Ordinal) ? density.MeasureAsync : Nothing),
        ("pulls", options.Parts.Contains("pulls", StringComparer.Ordinal) ? pulls.MeasureAsync : Nothing),
        ("docker", options.Parts.Contains("docker", StringComparer.Ordinal) ? docker.MeasureAsync : Nothing),
        ("previews", options.Parts.Contains("docker", StringComparer.Ordinal) ? previews.MeasureAsync : Nothing),
        ("gvisor", options.Parts.Contains("gvisor", StringComparer.Ordinal) ? gvisor.MeasureAsync : Nothing),
    }.Where(part => part.Item2 != Nothing))
    {
        await Console.Error.WriteLineAsync($"measuring: {what}");
        await measure();
    }
}
finally
{
    report.Print(Console.Out); // what was measured before something failed, too
}

if (options.Json is { } file)
{
    report.Write(file);
}

return 0;

static Task Nothing() => Task.CompletedTask;
