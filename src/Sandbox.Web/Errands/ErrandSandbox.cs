using System.Runtime.CompilerServices;
using Sandbox.Core.Errors;
using Sandbox.Core.Execs;
using Sandbox.Core.Files;
using Sandbox.Core.Playgrounds;
using Sandbox.Core.Runtime;
using Sandbox.Core.Sandboxes;
using Sandbox.Core.Terminals;
using Sandbox.Web.Lifecycle;
using Sandbox.Web.Playgrounds;
using Sandbox.Web.Terminals;

namespace Sandbox.Web.Errands;

/// <summary>A sandbox in which something is done for a person: a repository read, an image built. Disposing it ends it, and frees the person's quota.</summary>
internal sealed class ErrandSandbox(ISandboxRuntime runtime, Endings endings, PlaygroundLife life, PlaygroundId playground, SandboxId id) : IAsyncDisposable
{
    private const int MostOutput = 256 * 1024;
    private const int Columns = 1000;
    private const int Rows = 50;

    public PlaygroundId Playground => playground;

    public SandboxId Id => id;

    /// <summary>Runs a command to its end.</summary>
    public Task<ExecResult> RunAsync(IReadOnlyList<string> command, ReadOnlyMemory<byte> stdin, TimeSpan timeout, CancellationToken cancellationToken) =>
        runtime.Sandboxes.ExecAsync(id, new ExecSpec { Command = command, Stdin = stdin, Timeout = timeout, OutputLimit = MostOutput }, cancellationToken);

    /// <summary>The first bytes of a file. Code: NotFound.</summary>
    public async Task<byte[]> ReadAsync(string path, int most, CancellationToken cancellationToken)
    {
        using var content = new MemoryStream();
        await foreach (var piece in runtime.Files.ReadAsync(id, Path(path), ReadForm.Raw, cancellationToken))
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
        await foreach (var piece in runtime.Files.ReadAsync(id, Path(path), ReadForm.Tar, cancellationToken))
        {
            if (content.Length + piece.Length > most)
            {
                throw new SandboxException(ErrorCode.TooLarge, $"The folder has more than {most >> 20} MiB.");
            }

            content.Write(piece.Span);
        }

        return content.ToArray();
    }

    /// <summary>All that is below a directory as a tar, piece by piece. Code: NotFound.</summary>
    public IAsyncEnumerable<ReadOnlyMemory<byte>> PackAsync(string path, CancellationToken cancellationToken) => runtime.Files.ReadAsync(id, Path(path), ReadForm.Tar, cancellationToken);

    /// <summary>Writes a file. Code: DiskFull.</summary>
    public Task WriteAsync(string path, IAsyncEnumerable<ReadOnlyMemory<byte>> content, CancellationToken cancellationToken) => runtime.Files.WriteAsync(id, Path(path), (int?)null, content, cancellationToken);

    /// <summary>Runs a command in a terminal, with its output while it runs; the last item has the exit code. It ends without one if the sandbox ends.</summary>
    public async IAsyncEnumerable<TtyItem> FollowAsync(IReadOnlyList<string> command, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var terminal = TerminalId.New();
        await runtime.Terminals.OpenAsync(id, new TerminalSpec { Id = terminal, Cols = Columns, Rows = Rows, Command = command }, cancellationToken);
        await using var connection = new TtyConnection(await runtime.Terminals.ConnectAsync(id, terminal, cancellationToken));
        await connection.AttachAsync(0, cancellationToken);
        await foreach (var item in connection.ReadAsync(cancellationToken))
        {
            yield return item;
            connection.Ack(item.Offset + (ulong)item.Data.Length);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await endings.RemoveAsync([id]);
        await life.DropAsync(playground);
    }

    private static SandboxPath Path(string path) => SandboxPath.TryParse(path, out var parsed) ? parsed : throw new ArgumentException("no path", nameof(path));
}
