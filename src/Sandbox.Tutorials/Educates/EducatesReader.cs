using System.Globalization;
using System.Text.Json;
using Sandbox.Recipes.Problems;
using Sandbox.Tutorials.Blocks;
using Sandbox.Tutorials.Checks;
using Sandbox.Tutorials.Markup;

namespace Sandbox.Tutorials.Educates;

/// <summary>
/// A page whose fences are clickable actions: the info string is the action and the body its YAML.
/// <code>
/// ```terminal:execute
/// command: echo hi
/// session: 2
/// ```
/// ```execute-2    the old form: the body is the command; execute-all, copy; &lt;ctrl+c> interrupts
/// </code>
/// </summary>
/// <param name="file">The page.</param>
/// <param name="log">Where problems go.</param>
/// <param name="findTest">Finds a test of the workshop by its name.</param>
internal sealed class EducatesReader(string file, ProblemLog log, Func<string, Script?> findTest) : MarkdownReader
{
    private static readonly string[] Prefixes = ["terminal:", "workshop:", "dashboard:", "editor:", "examiner:", "files:", "section:", "request:"];

    protected override bool ReadFence(Fence fence)
    {
        if (!fence.Closed)
        {
            log.Unsupported(file, fence.Line, "a code fence is never closed: the rest of the file is code");
            return false;
        }

        var action = fence.Info.Split([' ', '{', '\t'], 2)[0];
        if (action == "mermaid")
        {
            AddBlock(new DiagramBlock(fence.Code) { Line = fence.Line });
            return true;
        }

        if ((Old(action, fence.Code) ?? (Prefixes.Any(prefix => action.StartsWith(prefix, StringComparison.Ordinal)) ? New(action, fence) : null)) is not { } block)
        {
            return false;
        }

        AddBlock(block with { Line = fence.Line });
        return true;
    }

    protected override void ReadProse(string prose, int line) => Output.Append(prose);

    private static Block? Old(string action, string code)
    {
        if (action is "copy" or "copy-and-edit")
        {
            return new CopyBlock(code);
        }

        if (action is not ("execute" or "execute-all") && !(action.StartsWith("execute-", StringComparison.Ordinal) && action.Length == 9 && char.IsAsciiDigit(action[8])))
        {
            return null;
        }

        var all = action == "execute-all";
        int? terminal = action.Length == 9 ? action[8] - '0' : null;
        return code.Trim() is "<ctrl+c>" or "<ctrl-c>" or "^C"
            ? new InterruptBlock { Terminal = terminal, AllTerminals = all }
            : new RunBlock(code) { Terminal = terminal, AllTerminals = all };
    }

    private Block? New(string action, Fence fence)
    {
        // Sections and files of the session have no meaning where there is no dashboard.
        if (LocatedYaml.Parse(fence.Code, fence.Line + 1, out var line, out _, out var mistake) is not { } yaml)
        {
            log.Unsupported(file, line, $"the body of {action} cannot be read: {mistake}");
            return new CopyBlock(fence.Code);
        }

        string? Value(string name) => yaml[name]?.Text;
        var terminal = int.TryParse(Value("session"), NumberStyles.None, CultureInfo.InvariantCulture, out var session) && session is > 0 and < 10 ? session : (int?)null;
        var title = Value("title") ?? Value("prefix") ?? "";
        Block? block = action switch
        {
            "terminal:execute" when Value("command") is { } command => new RunBlock(command.TrimEnd('\n')) { Terminal = terminal, TerminalName = Value("session"), Clear = yaml["clear"]?.IsTrue ?? false },
            "terminal:execute-all" when Value("command") is { } command => new RunBlock(command.TrimEnd('\n')) { AllTerminals = true, Clear = yaml["clear"]?.IsTrue ?? false },
            "terminal:input" when Value("text") is { } text => new RunBlock(text) { Terminal = terminal, Enter = yaml["endl"] is null || yaml["endl"]!.IsTrue },
            "terminal:interrupt" => new InterruptBlock { Terminal = terminal },
            "terminal:interrupt-all" => new InterruptBlock { AllTerminals = true },
            "terminal:clear" => new RunBlock("clear") { Terminal = terminal },
            "terminal:clear-all" => new RunBlock("clear") { AllTerminals = true },
            "workshop:copy" or "workshop:copy-and-edit" when Value("text") is { } text => new CopyBlock(text),
            "dashboard:open-url" or "dashboard:reload-dashboard" or "dashboard:create-dashboard" when Value("url") is { } url => new OpenUrlBlock(url) { Label = title.Length > 0 ? title : Value("name") ?? url },
            "editor:open-file" or "editor:select-matching-text" when Value("file") is { } path => new OpenFileBlock(path) { Label = path, At = int.TryParse(Value("line"), NumberStyles.None, CultureInfo.InvariantCulture, out var at) ? at : null },
            "editor:append-lines-to-file" when Value("file") is { } path && Value("text") is { } text => new WriteFileBlock(path, text, WriteMode.Append),
            "editor:create-file" when Value("file") is { } path => new WriteFileBlock(path, Value("text") ?? "", WriteMode.Create),
            "editor:append-lines-after-match" when Value("file") is { } path && Value("text") is { } text && Value("match") is { } match => new WriteFileBlock(path, text, WriteMode.InsertAfter) { Marker = match },
            "editor:insert-lines-before-line" when Value("file") is { } path && Value("text") is { } text && Value("line") is "1" or "0" => new WriteFileBlock(Value("file")!, Value("text")!, WriteMode.Prepend),
            "editor:replace-matching-text" when Value("file") is { } path && Value("match") is { } match && Value("replacement") is { } text && yaml["isRegex"] is not { IsTrue: true } => new WriteFileBlock(path, text, WriteMode.Replace) { Marker = match },
            "examiner:execute-test" when Value("name") is { } name => new TestBlock(name, yaml["args"] is { Kind: JsonValueKind.Array } args ? [.. args.Items.Select(item => item.Text ?? "")] : [])
            {
                Label = title,
                Script = findTest(name),
                TimeoutSeconds = Number(Value("timeout")),
                Retries = Value("retries") is ".INF" or ".inf" ? int.MaxValue : Number(Value("retries")) ?? 0,
            },
            _ => null,
        };
        if (block is TestBlock { Script: null, Name: var missing })
        {
            log.Unsupported(file, fence.Line, $"the test {missing} is missing below workshop/examiner/tests: it is only shown");
            return null;
        }

        if (block is not null)
        {
            return block;
        }

        log.Unsupported(file, fence.Line, $"the action {action} is not supported, or lacks a field: it is only shown");
        return null;
    }

    private static int? Number(string? text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
}
