using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Sandbox.Recipes.Dockerfiles;

namespace Sandbox.Web.Builds;

/// <summary>
/// Reads what Buildah prints while it builds.
/// <code>
/// [1/2] STEP 2/4: RUN make
/// cc main.c
/// --> f984fce7cfbe
/// --> Using cache a88bc2499d7c…
/// Error: building at STEP "RUN make": while running runtime: exit status 2
/// </code>
/// </summary>
internal sealed partial class BuildOutput(DockerfileText file)
{
    private const int MostLine = 4096;
    private const int MostError = 2000;

    private readonly Decoder _decoder = Encoding.UTF8.GetDecoder();
    private readonly StringBuilder _line = new();
    private readonly int _all = file.Stages.Sum(stage => stage.Instructions.Count);
    private int _stage = file.Target + 1;
    private int _step;
    private int _triggers;
    private string _cached = "";

    /// <summary>The line of the instruction that runs now; null before the first.</summary>
    public int? Line => InstructionAt(_stage, _step <= _triggers + 1 ? Math.Min(_step, 1) : _step - _triggers)?.Line;

    /// <summary>What Buildah gave as the cause of its failure; null while it gave none.</summary>
    public string? Error { get; private set; }

    /// <summary>How much of the steps has begun, 0 to 1.</summary>
    public double Share => (file.Stages.Take(_stage - 1).Sum(stage => stage.Instructions.Count) + _step) / (double)_all;

    /// <summary>The events of the next bytes. Lines are whole, unless they are very long.</summary>
    public IReadOnlyList<BuildEvent> Add(ReadOnlySpan<byte> bytes)
    {
        var events = new List<BuildEvent>();
        var log = new StringBuilder();
        var letters = new char[_decoder.GetCharCount(bytes, flush: false)];
        _decoder.GetChars(bytes, letters, flush: false);
        foreach (var letter in letters)
        {
            if (letter is not ('\n' or '\r'))
            {
                if (letter == '\t' || !char.IsControl(letter) || letter == '\u001b')
                {
                    _line.Append(letter);
                }

                if (_line.Length < MostLine)
                {
                    continue;
                }
            }
            else if (letter == '\r')
            {
                // The terminal's own, before each line feed; a program's own progress bar ends up on one line.
                continue;
            }

            Take(events, log);
        }

        Flush(events, log);
        return events;
    }

    /// <summary>The rest, at the end.</summary>
    public IReadOnlyList<BuildEvent> Finish()
    {
        var events = new List<BuildEvent>();
        var log = new StringBuilder();
        if (_line.Length > 0)
        {
            Take(events, log);
        }

        Flush(events, log);
        return events;
    }

    private void Take(List<BuildEvent> events, StringBuilder log)
    {
        var line = Colours().Replace(_line.ToString(), "");
        _line.Clear();
        if (Step().Match(line) is { Success: true } step)
        {
            Flush(events, log);
            (_stage, _step) = (step.Groups["stage"].Success ? Number(step, "stage") : file.Target + 1, Number(step, "step"));
            // ONBUILD of the image below puts its instructions behind FROM.
            _triggers = Math.Max(0, Number(step, "steps") - file.Stages[Math.Clamp(_stage, 1, file.Stages.Count) - 1].Instructions.Count);
            events.Add(new BuildEvent(BuildEventType.Step)
            {
                Stage = _stage,
                Stages = step.Groups["stages"].Success ? Number(step, "stages") : 1,
                Step = _step,
                Steps = Number(step, "steps"),
                Line = Line,
                Instruction = step.Groups["text"].Value,
            });
        }
        else if (Layer().Match(line) is { Success: true } layer)
        {
            Flush(events, log);
            var (id, isCached) = (layer.Groups["id"].Value, layer.Groups["cached"].Success);
            // One from the cache has a second line, like all others.
            if (isCached || !_cached.StartsWith(id, StringComparison.Ordinal))
            {
                events.Add(new BuildEvent(BuildEventType.Layer) { Id = id, Cached = isCached, Line = Line });
            }

            _cached = isCached ? id : "";
        }
        else if (line.StartsWith("Error: ", StringComparison.Ordinal))
        {
            Error = Cause(line["Error: ".Length..]);
        }
        else if (!Closing().IsMatch(line))
        {
            log.Append(line).Append('\n');
        }
    }

    private static void Flush(List<BuildEvent> events, StringBuilder log)
    {
        if (log.Length > 0)
        {
            events.Add(new BuildEvent(BuildEventType.Log) { Text = log.ToString() });
            log.Clear();
        }
    }

    private DockerInstruction? InstructionAt(int stage, int step) =>
        stage >= 1 && stage <= file.Stages.Count && step >= 1 && step <= file.Stages[stage - 1].Instructions.Count ? file.Stages[stage - 1].Instructions[step - 1] : null;

    /// <summary>Without the insides of Buildah's requests, which fill a page.</summary>
    private static string Cause(string text)
    {
        text = Inside().Replace(text, "");
        return text.Length > MostError ? text[..MostError] + "…" : text;
    }

    private static int Number(Match match, string group) => int.TryParse(match.Groups[group].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;

    [GeneratedRegex(@"^(\[(?<stage>[0-9]+)/(?<stages>[0-9]+)\] )?STEP (?<step>[0-9]+)/(?<steps>[0-9]+): (?<text>.*)$", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Step();

    [GeneratedRegex(@"^--> (?<cached>Using cache )?(?<id>[0-9a-f]{12,64})$", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Layer();

    /// <summary>What Buildah says of its own storage, in names that are not its person's.</summary>
    [GeneratedRegex(@"^((\[[0-9]+/[0-9]+\] )?COMMIT localhost/built|Successfully tagged localhost/built:latest|[0-9a-f]{64}|Getting image source signatures|Copying (blob|config) sha256:[0-9a-f]{64}|Writing manifest to image destination)$", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Closing();

    [GeneratedRegex(@"\u001b\[[0-9;?]*[A-Za-z]|\u001b", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Colours();

    [GeneratedRegex(@"(error during bulk transfer for copier\.request|committing container for step )\{.*\}: ", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture | RegexOptions.Singleline, 1000)]
    private static partial Regex Inside();
}
