using System.Globalization;
using Sandbox.Recipes.Problems;
using Sandbox.Tutorials.Blocks;
using Sandbox.Tutorials.Markup;

namespace Sandbox.Tutorials.Labspaces;

/// <summary>
/// A section: fences of a shell run, all others copy.
/// <code>```bash no-run-button terminal-id=2    ```yaml save-as=compose.yaml    ```txt no-copy-button</code>
/// </summary>
internal sealed class LabspaceReader(string file, ProblemLog log) : DirectiveReader
{
    private static readonly HashSet<string> Shells = new(StringComparer.OrdinalIgnoreCase) { "bash", "sh", "shell", "console", "zsh" };
    private static readonly HashSet<string> Words = new(StringComparer.Ordinal) { "no-run-button", "no-copy-button", "save-as", "terminal-id", "highlight", "title", "run-button", "copy-button" };

    protected override void Complain(int line, string what) => log.Unsupported(file, line, what);

    protected override bool ReadFence(Fence fence)
    {
        if (!fence.Closed)
        {
            log.Unsupported(file, fence.Line, "a code fence is never closed: the rest of the file is code");
            return false;
        }

        var info = new FenceInfo(fence.Info);
        var language = info.First is { } first && !Words.Contains(first) ? first : null;
        foreach (var (name, _) in info.Words.Skip(language is null ? 0 : 1).Where(word => !Words.Contains(word.Name) && !word.Name.StartsWith('{')))
        {
            log.Unsupported(file, fence.Line, $"{name} is an unknown word of a fence");
        }

        if (language == "mermaid")
        {
            AddBlock(new DiagramBlock(fence.Code) { Line = fence.Line });
        }
        else if (info.ValueOf("save-as") is { Length: > 0 } path)
        {
            AddBlock(new WriteFileBlock(path, fence.Code + "\n", WriteMode.Create) { Line = fence.Line, Language = language });
        }
        else if (language is not null && Shells.Contains(language) && !info.Has("no-run-button"))
        {
            var terminal = info.ValueOf("terminal-id");
            AddBlock(new RunBlock(fence.Code)
            {
                Line = fence.Line,
                Language = language,
                Terminal = int.TryParse(terminal, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number is > 0 and < 10 ? number : null,
                TerminalName = terminal,
            });
        }
        else if (!info.Has("no-copy-button"))
        {
            AddBlock(new CopyBlock(fence.Code) { Line = fence.Line, Language = language });
        }
        else
        {
            return false;
        }

        return true;
    }
}
