using System.Globalization;
using System.Text.RegularExpressions;
using Sandbox.Recipes.Problems;
using Sandbox.Tutorials.Blocks;
using Sandbox.Tutorials.Markup;

namespace Sandbox.Tutorials.Folders;

/// <summary>
/// A step of our format. The info string of a fence says what a click does; a language may stand first.
/// <code>
/// ```bash run in=2 interrupt     types it into terminal 2, after Control-C
/// ```interrupt in=2              only Control-C
/// ```copy
/// ```js file=app.js              writes it; append, prepend, insert="marker", replace="marker", mode=755
/// ```open=app.js line=10         opens it in the editor; the body is the label
/// ```port=8080 path=/health      opens the port; the body is the label
/// ```quiz                        a question, then "[x] right" (several), "(x) right" (one), "= exact" or "~ contains"
/// ```mermaid
/// </code>
/// </summary>
internal sealed partial class FolderReader(string file, ProblemLog log) : DirectiveReader
{
    private static readonly HashSet<string> Verbs = new(StringComparer.Ordinal) { "run", "interrupt", "copy", "file", "open", "port", "quiz", "mermaid" };

    protected override void Complain(int line, string what) => log.Mistake(file, line, what);

    protected override bool ReadFence(Fence fence)
    {
        if (!fence.Closed)
        {
            log.Mistake(file, fence.Line, "the code fence is never closed");
            return false;
        }

        var info = new FenceInfo(fence.Info);
        var language = info.First is { } first && !Verbs.Contains(first) ? first : null;
        var words = info.Words.Skip(language is null ? 0 : 1).ToList();
        if (words.Count == 0)
        {
            return false;
        }

        var column = fence.Prefix.Length + 1;
        if (words[0].Name == "interrupt" && fence.Code.Trim().Length > 0)
        {
            // With a command it is a run that begins with Control-C.
            words.Insert(0, ("run", null));
        }

        var verb = words[0].Name;
        foreach (var (name, value) in words.Skip(1).Where(word => !Takes(verb, word.Name, word.Value)))
        {
            log.Mistake(file, fence.Line, $"{verb} does not take {name}{(value is null ? "" : "=" + value)}", column: column);
        }

        if (Block(verb, words, fence, column) is not { } block)
        {
            return false;
        }

        AddBlock(block with { Line = fence.Line, Language = language });
        return true;
    }

    private static bool Takes(string verb, string word, string? value) => (verb, word) switch
    {
        ("run" or "interrupt", "in") or ("port", "in") => value is [>= '1' and <= '9'],
        ("run", "interrupt" or "no-enter" or "clear") => value is null,
        ("file", "append" or "prepend") => value is null,
        ("file", "insert" or "insert-after" or "replace") => value is { Length: > 0 },
        ("file", "mode") => value is not null && Mode().IsMatch(value),
        ("open", "line") => int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out _),
        ("port", "path") => value is ['/', ..],
        ("port", "https") => value is null,
        _ => false,
    };

    private Block? Block(string verb, List<(string Name, string? Value)> words, Fence fence, int column)
    {
        bool Has(string name) => words.Exists(word => word.Name == name);
        string? Value(string name) => words.Find(word => word.Name == name).Value;
        int? Number(string name) => int.TryParse(Value(name), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
        var first = words[0].Value;
        switch (verb)
        {
            case "run" when fence.Code.Trim().Length > 0:
                return new RunBlock(fence.Code) { Terminal = Number("in"), Interrupt = Has("interrupt"), Enter = !Has("no-enter"), Clear = Has("clear") };
            case "run":
                log.Mistake(file, fence.Line, "the block has no command", column: column);
                return null;
            case "interrupt":
                return new InterruptBlock { Terminal = Number("in") };
            case "copy":
                return new CopyBlock(fence.Code);
            case "mermaid":
                return new DiagramBlock(fence.Code);
            case "file" when first is { Length: > 0 }:
                var (mode, marker) = Value("insert") is { } insert ? (WriteMode.InsertBefore, insert)
                    : Value("insert-after") is { } after ? (WriteMode.InsertAfter, after)
                    : Value("replace") is { } replace ? (WriteMode.Replace, replace)
                    : (Has("append") ? WriteMode.Append : Has("prepend") ? WriteMode.Prepend : WriteMode.Create, (string?)null);
                return new WriteFileBlock(first, fence.Code + (mode == WriteMode.Replace ? "" : "\n"), mode) { Marker = marker, Permissions = Value("mode") };
            case "open" when first is { Length: > 0 }:
                return new OpenFileBlock(first) { At = Number("line"), Label = Label(fence.Code, first) };
            case "port" when int.TryParse(first, NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port is > 0 and < 65536:
                return new OpenPortBlock(port, Value("path") ?? "/") { Https = Has("https"), Host = Number("in") ?? 1, Label = Label(fence.Code, $"port {port}") };
            case "quiz":
                return Quiz(fence);
            case "file" or "open" or "port":
                log.Mistake(file, fence.Line, verb == "port" ? "port=N must be a number from 1 to 65535" : $"{verb}=PATH has no path", column: column);
                return null;
            default:
                log.Mistake(file, fence.Line, $"{verb} is an unknown word of a fence", column: column);
                return null;
        }
    }

    private static string Label(string code, string otherwise) => code.Trim() is { Length: > 0 } label ? label : otherwise;

    private QuizBlock? Quiz(Fence fence)
    {
        var question = new List<string>();
        var choices = new List<QuizChoice>();
        var kind = QuizKind.One;
        var number = 0;
        foreach (var line in fence.Code.Split('\n'))
        {
            number++;
            if (Choice().Match(line) is { Success: true } match)
            {
                var mark = match.Groups["mark"].Value;
                var now = mark switch { "=" => QuizKind.Exact, "~" => QuizKind.Contains, ['[', ..] => QuizKind.Several, _ => QuizKind.One };
                if (choices.Count > 0 && now != kind)
                {
                    log.Mistake(file, fence.Line + number, "the choices of a quiz must have one kind of mark");
                }

                kind = now;
                choices.Add(new QuizChoice(match.Groups["text"].Value.Trim(), mark is "=" or "~" || mark[1] is 'x' or 'X'));
            }
            else if (choices.Count == 0)
            {
                question.Add(line);
            }
            else if (line.Trim().Length > 0)
            {
                log.Mistake(file, fence.Line + number, "text after the choices of a quiz");
            }
        }

        var asked = string.Join('\n', question).Trim();
        if (asked.Length == 0 || !choices.Exists(choice => choice.Right) || (kind == QuizKind.One && choices.Count(choice => choice.Right) > 1))
        {
            log.Mistake(file, fence.Line, asked.Length == 0 ? "the quiz has no question" : "the quiz has no right choice, or two where one is asked for");
            return null;
        }

        return new QuizBlock(asked, kind, choices);
    }

    [GeneratedRegex("^0?[0-7]{3,4}$", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Mode();

    [GeneratedRegex(@"^[ \t]*(?<mark>\[[ xX]\]|\([ xX]\)|[=~](?=[ \t]))[ \t]*(?<text>.*)$", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Choice();
}
