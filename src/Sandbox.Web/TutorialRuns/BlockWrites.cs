using System.Text;
using Sandbox.Core.Errors;
using Sandbox.Core.Files;
using Sandbox.Core.Recipes;
using Sandbox.Core.Runtime;
using Sandbox.Core.Sandboxes;
using Sandbox.Tutorials.Blocks;

namespace Sandbox.Web.TutorialRuns;

/// <summary>Does what a block that writes a file says. The file is replaced as a whole, so nobody sees half of it.</summary>
internal sealed class BlockWrites(ISandboxRuntime runtime)
{
    private const int MaxFile = 8 * 1024 * 1024;

    /// <summary>Writes, and returns the absolute path. Codes: Invalid (the path), Conflict (the marker is not there), NotFound, TooLarge, DiskFull.</summary>
    /// <param name="sandbox">The sandbox.</param>
    /// <param name="block">The block, its parameters filled in.</param>
    /// <param name="from">The directory that relative paths start from.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    public async Task<string> WriteAsync(SandboxId sandbox, WriteFileBlock block, string from, CancellationToken cancellationToken)
    {
        var absolute = Absolute(block.Path, from);
        if (!SandboxPath.TryParse(absolute, out var path) || absolute.EndsWith('/'))
        {
            throw new SandboxException(ErrorCode.Invalid, $"The block names no file: {block.Path}");
        }

        var before = block.Mode == WriteMode.Create ? "" : await ReadAsync(sandbox, path, cancellationToken);
        int? mode = block.Permissions is { } permissions && RecipeRules.TryParseMode(permissions, out var bits) ? bits : null;
        await runtime.Files.WriteAsync(sandbox, path, mode, RunPreparation.Whole(Encoding.UTF8.GetBytes(Apply(block, before))), cancellationToken);
        return path.ToString();
    }

    /// <summary>The file as it is after the block. Code: Conflict.</summary>
    internal static string Apply(WriteFileBlock block, string before)
    {
        switch (block.Mode)
        {
            case WriteMode.Create:
                return block.Text;
            case WriteMode.Append:
                return (before.Length == 0 || before.EndsWith('\n') ? before : before + "\n") + block.Text;
            case WriteMode.Prepend:
                return (block.Text.EndsWith('\n') || before.Length == 0 ? block.Text : block.Text + "\n") + before;
        }

        var marker = block.Marker ?? "";
        var at = marker.Length == 0 ? -1 : before.IndexOf(marker, StringComparison.Ordinal);
        if (at < 0)
        {
            throw new SandboxException(ErrorCode.Conflict, $"{block.Path} has no '{(marker.Length > 80 ? marker[..80] + "…" : marker)}', so there is no place for the text. The file was changed, or it is done already.");
        }

        if (block.Mode == WriteMode.Replace)
        {
            return string.Concat(before.AsSpan(0, at), block.Text, before.AsSpan(at + marker.Length));
        }

        var text = block.Text.EndsWith('\n') ? block.Text : block.Text + "\n";
        if (block.Mode == WriteMode.InsertBefore)
        {
            var line = at == 0 ? 0 : before.LastIndexOf('\n', at - 1) + 1;
            return before.Insert(line, text);
        }

        var end = before.IndexOf('\n', at + marker.Length - 1);
        return end < 0 ? before + "\n" + text : before.Insert(end + 1, text);
    }

    /// <summary>A path of a block in the sandbox.</summary>
    internal static string Absolute(string path, string from)
    {
        var start = from == "~" ? "/root" : from.StartsWith("~/", StringComparison.Ordinal) ? "/root" + from[1..] : from.StartsWith('/') ? from : "/root/" + from;
        return path == "~" ? "/root/" : path.StartsWith("~/", StringComparison.Ordinal) ? "/root" + path[1..] : path.StartsWith('/') ? path : $"{start.TrimEnd('/')}/{path}";
    }

    private async Task<string> ReadAsync(SandboxId sandbox, SandboxPath path, CancellationToken cancellationToken)
    {
        if (await runtime.Files.FindAsync(sandbox, path, cancellationToken) is not { } entry)
        {
            return "";
        }

        if (entry.Size > MaxFile)
        {
            throw new SandboxException(ErrorCode.TooLarge, $"{path} has more than {MaxFile >> 20} MiB.");
        }

        using var content = new MemoryStream();
        await foreach (var bytes in runtime.Files.ReadAsync(sandbox, path, ReadForm.Raw, cancellationToken))
        {
            content.Write(bytes.Span);
            if (content.Length > MaxFile)
            {
                throw new SandboxException(ErrorCode.TooLarge, $"{path} has more than {MaxFile >> 20} MiB.");
            }
        }

        return Encoding.UTF8.GetString(content.GetBuffer(), 0, (int)content.Length);
    }
}
