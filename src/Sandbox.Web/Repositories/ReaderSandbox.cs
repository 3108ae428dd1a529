using Sandbox.Core.Errors;
using Sandbox.Core.Execs;
using Sandbox.Core.Files;
using Sandbox.Core.Playgrounds;
using Sandbox.Core.Runtime;
using Sandbox.Core.Sandboxes;
using Sandbox.Web.Lifecycle;
using Sandbox.Web.Playgrounds;

namespace Sandbox.Web.Repositories;

/// <summary>A sandbox in which a repository is read. Disposing it ends it, and frees its visitor's quota.</summary>
internal sealed class ReaderSandbox(ISandboxes sandboxes, ISandboxFiles files, Endings endings, PlaygroundLife life, PlaygroundId playground, SandboxId id) : IAsyncDisposable
{
    private const int MostOutput = 256 * 1024;

    public PlaygroundId Playground => playground;

    public SandboxId Id => id;

    /// <summary>Runs a command to its end.</summary>
    public Task<ExecResult> RunAsync(IReadOnlyList<string> command, ReadOnlyMemory<byte> stdin, TimeSpan timeout, CancellationToken cancellationToken) =>
        sandboxes.ExecAsync(id, new ExecSpec { Command = command, Stdin = stdin, Timeout = timeout, OutputLimit = MostOutput }, cancellationToken);

    /// <summary>The first bytes of a file. Code: NotFound.</summary>
    public async Task<byte[]> ReadAsync(string path, int most, CancellationToken cancellationToken)
    {
        using var content = new MemoryStream();
        await foreach (var piece in files.ReadAsync(id, Path(path), ReadForm.Raw, cancellationToken))
        {
            content.Write(piece.Span[..(int)Math.Min(piece.Length, most - content.Length)]);
            if (content.Length >= most)
            {
                break;
            }
        }

        return content.ToArray();
    }

    /// <summary>A tree as a tar. Code: TooLarge (more than so many bytes, headers among them).</summary>
    public async Task<byte[]> ReadTreeAsync(string path, int most, CancellationToken cancellationToken)
    {
        using var content = new MemoryStream();
        await foreach (var piece in files.ReadAsync(id, Path(path), ReadForm.Tar, cancellationToken))
        {
            if (content.Length + piece.Length > most)
            {
                throw new SandboxException(ErrorCode.TooLarge, $"The folder has more than {most >> 20} MiB.");
            }

            content.Write(piece.Span);
        }

        return content.ToArray();
    }

    public async ValueTask DisposeAsync()
    {
        await endings.RemoveAsync([id]);
        await life.DropAsync(playground);
    }

    private static SandboxPath Path(string path) => SandboxPath.TryParse(path, out var parsed) ? parsed : throw new ArgumentException("no path", nameof(path));
}
