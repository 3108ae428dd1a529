using System.Globalization;
using System.Text.RegularExpressions;
using Sandbox.Recipes.Problems;

namespace Sandbox.Recipes.Dockerfiles;

/// <summary>Reads a Dockerfile's stages, and the images that they need.</summary>
public static partial class DockerfileReader
{
    private const string Scratch = "scratch";
    private const int MostStages = 200;

    /// <summary>The structure, or null with mistakes in the log.</summary>
    /// <param name="text">The Dockerfile.</param>
    /// <param name="file">Its path, for problems.</param>
    /// <param name="args">Values of its ARGs that the builder gives.</param>
    /// <param name="target">The stage to build, by name or number; null is the last one.</param>
    /// <param name="log">Takes the mistakes.</param>
    public static DockerfileText? Read(string text, string file, IReadOnlyDictionary<string, string> args, string? target, ProblemLog log)
    {
        var instructions = DockerfileLines.Read(text, file, log);
        var stages = new List<DockerStage>();
        var values = new Dictionary<string, string>(args, StringComparer.Ordinal);
        foreach (var instruction in instructions)
        {
            if (instruction.Name == "FROM")
            {
                Begin(instruction);
            }
            else if (stages.Count > 0)
            {
                ((List<DockerInstruction>)stages[^1].Instructions).Add(instruction);
            }
            else if (instruction.Name == "ARG")
            {
                Declare(instruction.Text, values);
            }
            else
            {
                log.Mistake(file, instruction.Line, $"{instruction.Name} comes before the first FROM; only ARG may");
            }
        }

        if (stages.Count == 0 && !log.HasMistakes)
        {
            log.Mistake(file, 1, "there is no FROM, so nothing to build on");
        }

        if (log.HasMistakes)
        {
            return null;
        }

        var built = target is null ? stages.Count - 1 : Find(stages, target, stages.Count);
        if (built < 0)
        {
            log.Mistake(file, 1, $"there is no stage {target}");
            return null;
        }

        return new DockerfileText(stages, built, Bases(stages, built));

        void Begin(DockerInstruction from)
        {
            var words = from.Text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).SkipWhile(word => word.StartsWith("--", StringComparison.Ordinal)).ToList();
            if (words.Count is not (1 or 3) || (words.Count == 3 && !words[1].Equals("AS", StringComparison.OrdinalIgnoreCase)))
            {
                log.Mistake(file, from.Line, "FROM takes an image, or an image AS a name");
                return;
            }

            var image = Expand(words[0], values);
            if (image.Length == 0)
            {
                log.Mistake(file, from.Line, $"{words[0]} is empty: no ARG before the first FROM has a value for it");
                return;
            }

            if (stages.Count == MostStages)
            {
                log.Mistake(file, from.Line, $"there are more than {MostStages} stages");
                return;
            }

            stages.Add(new DockerStage(words.Count == 3 ? words[2].ToLowerInvariant() : null, image, new List<DockerInstruction> { from }));
        }
    }

    /// <summary>
    /// The text without the flag <c>--link</c>, which says how a layer is stored and nothing of what is in it: builders that do
    /// not know it refuse it. Line numbers stay.
    /// </summary>
    public static string WithoutLink(string text, DockerfileText read)
    {
        var lines = text.Split('\n');
        foreach (var instruction in read.Stages.SelectMany(stage => stage.Instructions).Where(each => each.Name is "COPY" or "ADD" && LinkFlag().IsMatch(each.Text)))
        {
            for (var at = instruction.Line - 1; at < lines.Length; at++)
            {
                if (LinkFlag().IsMatch(lines[at]))
                {
                    lines[at] = LinkFlag().Replace(lines[at], "", 1);
                    break;
                }
            }
        }

        return string.Join('\n', lines);
    }

    /// <summary>The images from elsewhere that a stage needs, by what it is built on and what it copies from.</summary>
    private static List<DockerBase> Bases(List<DockerStage> stages, int target)
    {
        var bases = new List<DockerBase>();
        var wanted = new SortedSet<int> { target };
        var seen = new HashSet<int>();
        while (wanted.Except(seen).Any())
        {
            var at = wanted.Except(seen).Max();
            seen.Add(at);
            var stage = stages[at];
            Need(stage.From, stage.Line, at, byNumber: false);
            foreach (var instruction in stage.Instructions.Where(instruction => instruction.Name is "COPY" or "ADD" or "RUN"))
            {
                foreach (Match source in (instruction.Name == "RUN" ? MountSource() : CopySource()).Matches(instruction.Text))
                {
                    Need(source.Groups["from"].Value, instruction.Line, at, byNumber: true);
                }
            }
        }

        return [.. bases.OrderBy(each => each.Line).DistinctBy(each => each.Reference, StringComparer.Ordinal)];

        void Need(string name, int line, int before, bool byNumber)
        {
            var stage = byNumber ? Find(stages, name, before) : stages.FindLastIndex(Math.Max(0, before - 1), before, each => name.Equals(each.Name, StringComparison.OrdinalIgnoreCase));
            if (stage >= 0)
            {
                wanted.Add(stage);
            }
            else if (name != Scratch && !name.Contains('$', StringComparison.Ordinal) && !(byNumber && int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out _)))
            {
                bases.Add(new DockerBase(line, name));
            }
        }
    }

    private static int Find(List<DockerStage> stages, string name, int before) =>
        int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number < before ? number : -1
            : stages.FindIndex(0, before, stage => name.Equals(stage.Name, StringComparison.OrdinalIgnoreCase));

    /// <summary>Several may stand on one line: <c>ARG one=1 two</c>.</summary>
    private static void Declare(string text, Dictionary<string, string> values)
    {
        foreach (Match each in Argument().Matches(text))
        {
            var name = each.Groups["name"].Value;
            if (!values.ContainsKey(name) && each.Groups["value"].Success)
            {
                values[name] = Expand(each.Groups["value"].Value.Trim('"', '\''), values);
            }
        }
    }

    /// <summary>Variables as a shell writes them: <c>$v</c>, <c>${v}</c>, <c>${v:-default}</c>, <c>${v:+other}</c>.</summary>
    private static string Expand(string text, IReadOnlyDictionary<string, string> values) => Variable().Replace(text.Trim('"', '\''), found =>
    {
        var value = values.GetValueOrDefault(found.Groups["name"].Value) ?? "";
        var other = found.Groups["other"].Value;
        return found.Groups["operator"].Value switch
        {
            ":-" or "-" => value.Length > 0 ? value : other,
            ":+" or "+" => value.Length > 0 ? other : "",
            _ => value,
        };
    });

    [GeneratedRegex(@"(?<=^|\s)(?<name>[A-Za-z_][A-Za-z0-9_]*)(=(?<value>""[^""]*""|'[^']*'|\S*))?", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Argument();

    [GeneratedRegex(@"\$(?:\{(?<name>[A-Za-z_][A-Za-z0-9_]*)((?<operator>:?[-+])(?<other>[^}]*))?\}|(?<name>[A-Za-z_][A-Za-z0-9_]*))", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Variable();

    [GeneratedRegex(@"(?<=^|\s)--link(=(true|false|1|0))?\s", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex LinkFlag();

    [GeneratedRegex(@"(?<=^|\s)--from=(?<from>[^\s,]+)", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex CopySource();

    [GeneratedRegex(@"(?<=^|\s)--mount=\S*?\bfrom=(?<from>[^\s,]+)", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex MountSource();
}
