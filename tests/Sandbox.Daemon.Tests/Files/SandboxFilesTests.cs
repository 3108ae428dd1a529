using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Text;
using Sandbox.Core.Errors;
using Sandbox.Core.Files;
using Sandbox.Daemon.Files;
using Sandbox.Daemon.Linux;
using Xunit;

namespace Sandbox.Daemon.Tests.Files;

public sealed class SandboxFilesTests : IDisposable
{
    private const uint UidBase = 1_879_048_192;
    private readonly HostileTree _tree = new();

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public void Dispose() => _tree.Dispose();

    [Fact]
    public async Task What_is_written_is_read_and_listed()
    {
        var content = new byte[300_000];
        new Random(1).NextBytes(content);
        await WriteAsync("/home/deep/file", content, mode: 0b100_111_101_101);
        Assert.Equal(content, await ReadAsync("/home/deep/file"));

        var entry = Assert.Single(await ListAsync("/home/deep"));
        Assert.Equal(("file", FileKind.File, 300_000L, 0b100_111_101_101), (Name(entry), entry.Kind, entry.Size, entry.Mode));
        Assert.InRange(entry.Modified, DateTimeOffset.UtcNow.AddMinutes(-5), DateTimeOffset.UtcNow.AddMinutes(5));
        Assert.Equal("file", Name(Assert.Single(await ListAsync("/home/deep/file"))));
        var found = await SandboxFiles.FindAsync(_tree.Root, Path("/home"), Cancelled);
        Assert.Equal(("home", FileKind.Directory, 0b111_101_101), (Name(found!), found!.Kind, found.Mode));
        Assert.Equal("/", Name((await SandboxFiles.FindAsync(_tree.Root, SandboxPath.Root, Cancelled))!));

        using var root = RootedDirectory.Open(_tree.Root);
        foreach (var made in new[] { "home", "home/deep", "home/deep/file" })
        {
            var status = root.Find(Encoding.UTF8.GetBytes(made), followLast: false)!.Value;
            Assert.Equal((UidBase, UidBase), (status.Uid, status.Gid));
        }
    }

    [Fact]
    public async Task A_file_replaced_keeps_its_owner_and_mode()
    {
        await WriteAsync("/new", "1"u8.ToArray());
        Assert.Equal(0b110_100_100, (await SandboxFiles.FindAsync(_tree.Root, Path("/new"), Cancelled))!.Mode);
        _tree.Run($"echo old > kept; chown {UidBase + 7}:{UidBase + 8} kept; chmod 2750 kept; echo host > host; chmod 4755 host");
        await WriteAsync("/kept", "new"u8.ToArray());
        using var root = RootedDirectory.Open(_tree.Root);
        var kept = root.Find("kept"u8, followLast: false)!.Value;
        Assert.Equal((UidBase + 7, UidBase + 8, 0b010_111_101_000), (kept.Uid, kept.Gid, kept.Mode));
        await WriteAsync("/kept", "new"u8.ToArray(), mode: 0b110_000_000);
        Assert.Equal(0b110_000_000, root.Find("kept"u8, followLast: false)!.Value.Mode);

        // Nothing with an owner of the host's is made, least of all one that runs as him.
        await WriteAsync("/host", "new"u8.ToArray());
        Assert.Equal(UidBase, root.Find("host"u8, followLast: false)!.Value.Uid);
    }

    [Fact]
    public async Task Links_are_followed_inside_only()
    {
        Directory.CreateDirectory(_tree.At("etc"));
        File.CreateSymbolicLink(_tree.At("absolute"), _tree.Secret);
        File.CreateSymbolicLink(_tree.At("climbing"), "../../../../etc/hosts");
        File.CreateSymbolicLink(_tree.At("etc/chain"), "../climbing");
        File.CreateSymbolicLink(_tree.At("outside"), _tree.Outside);
        File.CreateSymbolicLink(_tree.At("self"), "self");
        await WriteAsync("/etc/chain", "inside"u8.ToArray());
        Assert.Equal("inside", await File.ReadAllTextAsync(_tree.At("etc/hosts"), Cancelled));
        Assert.Equal("inside", await TextAsync("/climbing"));
        Assert.Equal("../climbing", new FileInfo(_tree.At("etc/chain")).LinkTarget);

        await FailsAsync(ErrorCode.NotFound, () => WriteAsync("/absolute", "x"u8.ToArray()));
        await FailsAsync(ErrorCode.NotFound, () => ReadAsync("/absolute"));
        await FailsAsync(ErrorCode.NotFound, () => ReadAsync("/outside/secret"));
        await FailsAsync(ErrorCode.NotFound, () => WriteAsync("/outside/new", "x"u8.ToArray()));
        await FailsAsync(ErrorCode.Invalid, () => WriteAsync("/self", "x"u8.ToArray()));
        await FailsAsync(ErrorCode.Invalid, () => ReadAsync("/self"));
        await SandboxFiles.DeleteAsync(_tree.Root, Path("/outside"), Cancelled);
        Assert.Null(await SandboxFiles.FindAsync(_tree.Root, Path("/outside"), Cancelled));
        _tree.AssertOutsideUntouched();
    }

    [Fact]
    public async Task Faults_have_their_codes()
    {
        _tree.Run("mkdir dir; echo x > file; mkfifo fifo; mknod null c 1 3");
        await FailsAsync(ErrorCode.NotFound, () => ReadAsync("/none"));
        await FailsAsync(ErrorCode.NotFound, () => ReadAsync("/file/below"));
        await FailsAsync(ErrorCode.NotFound, () => ReadAsync("/none", ReadForm.Tar));
        await FailsAsync(ErrorCode.NotFound, () => ListAsync("/none"));
        await FailsAsync(ErrorCode.NotFound, () => WriteAsync("/file/below", "x"u8.ToArray()));
        await FailsAsync(ErrorCode.NotFound, () => WriteAsync("/file/below/that", "x"u8.ToArray()));
        await FailsAsync(ErrorCode.NotFound, () => SandboxFiles.DeleteAsync(_tree.Root, Path("/none"), Cancelled));
        await FailsAsync(ErrorCode.Invalid, () => SandboxFiles.DeleteAsync(_tree.Root, SandboxPath.Root, Cancelled));
        await FailsAsync(ErrorCode.Invalid, () => WriteAsync("/dir", "x"u8.ToArray()));
        await FailsAsync(ErrorCode.Invalid, () => WriteAsync("/", "x"u8.ToArray()));
        await FailsAsync(ErrorCode.Invalid, () => WriteAsync("/null", "x"u8.ToArray()));
        await FailsAsync(ErrorCode.Invalid, () => WriteAsync("/file", "x"u8.ToArray(), mode: 0x1000));
        await FailsAsync(ErrorCode.Invalid, () => ReadAsync("/dir"));
        Assert.Null(await SandboxFiles.FindAsync(_tree.Root, Path("/none/below"), Cancelled));
        var stopped = await Assert.ThrowsAsync<SandboxException>(() => SandboxFiles.ListAsync(_tree.Root + "-gone", SandboxPath.Root, Cancelled));
        Assert.Equal(ErrorCode.Conflict, stopped.Code);
        Assert.DoesNotContain(_tree.Root, stopped.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Fifos_and_devices_are_seen_but_neither_read_nor_waited_for()
    {
        _tree.Run("mkfifo fifo; mknod null c 1 3");
        await FailsAsync(ErrorCode.Invalid, () => ReadAsync("/fifo")).WaitAsync(TimeSpan.FromSeconds(30), Cancelled);
        await FailsAsync(ErrorCode.Invalid, () => ReadAsync("/null"));
        await FailsAsync(ErrorCode.Invalid, () => ReadAsync("/fifo", ReadForm.Tar));
        await FailsAsync(ErrorCode.Invalid, () => WriteAsync("/fifo", "x"u8.ToArray()));
        Assert.Equal([FileKind.Other, FileKind.Other], (await ListAsync("/")).Select(entry => entry.Kind));
    }

    [Fact]
    public async Task Names_are_bytes()
    {
        byte[] name = [.. "/a"u8, 0xFF, (byte)'\n', (byte)' ', 0xFE];
        Assert.True(SandboxPath.TryParse(name, out var path));
        await SandboxFiles.WriteAsync(_tree.Root, FileOwner.RootOf(UidBase), path, null, Chunks("x"u8.ToArray()), Cancelled);
        Assert.Equal(name[1..], Assert.Single(await ListAsync("/")).Name.ToArray());
        Assert.NotNull(await SandboxFiles.FindAsync(_tree.Root, path, Cancelled));
        await SandboxFiles.DeleteAsync(_tree.Root, path, Cancelled);
        Assert.Empty(await ListAsync("/"));
    }

    [Fact]
    public async Task An_upload_that_breaks_off_leaves_all_as_it_was()
    {
        await WriteAsync("/file", "old"u8.ToArray());
        await Assert.ThrowsAsync<IOException>(() => SandboxFiles.WriteAsync(_tree.Root, FileOwner.RootOf(UidBase), Path("/file"), null, BreakingOff(), Cancelled));
        using var cancel = new CancellationTokenSource();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => SandboxFiles.WriteAsync(_tree.Root, FileOwner.RootOf(UidBase), Path("/file"), null, Endless(cancel, cancel.Token), cancel.Token));
        Assert.Equal("old", await TextAsync("/file"));
        Assert.Equal("file", Name(Assert.Single(await ListAsync("/"))));
    }

    [Theory]
    [InlineData("size=1m")]
    [InlineData("overlay")]
    public async Task Nobody_sees_a_file_before_it_is_whole(string disk)
    {
        Mount(disk);
        await SandboxFiles.WriteAsync(_tree.Root, FileOwner.RootOf(UidBase), Path("/dir/file"), null, Looking(), Cancelled);
        Assert.Equal("whole", await TextAsync("/dir/file"));

        async IAsyncEnumerable<ReadOnlyMemory<byte>> Looking()
        {
            yield return "who"u8.ToArray();
            Assert.Empty(await ListAsync("/dir"));
            yield return "le"u8.ToArray();
        }
    }

    [Theory]
    [InlineData("size=1m")]
    [InlineData("overlay")]
    public async Task A_full_disk_leaves_the_old_file(string disk)
    {
        Mount(disk);
        await WriteAsync("/dir/file", "old"u8.ToArray());
        await FailsAsync(ErrorCode.DiskFull, () => WriteAsync("/dir/file", new byte[32 * 1024 * 1024]));
        Assert.Equal("old", await TextAsync("/dir/file"));
        Assert.Equal("file", Name(Assert.Single(await ListAsync("/dir"))));
        await WriteOnceThereIsSpaceAsync("/dir/file", "new"u8.ToArray());
        Assert.Equal("new", await TextAsync("/dir/file"));
    }

    [Fact]
    public async Task A_disk_without_inodes_is_full()
    {
        _tree.MountSmall("size=1m,nr_inodes=4");
        await FailsAsync(ErrorCode.DiskFull, async () =>
        {
            for (var i = 0; i < 10; i++)
            {
                await WriteAsync($"/{i}", "x"u8.ToArray());
            }
        });
    }

    [Fact]
    public async Task Over_an_overlay_files_of_the_image_are_replaced_and_deleted()
    {
        _tree.MountOverlay($"mkdir -p usr/lib/deep; echo image > usr/lib/deep/file; echo image > usr/keep; chown -R {UidBase}:{UidBase} .; chown {UidBase + 5} usr/keep");
        await WriteAsync("/usr/keep", "ours"u8.ToArray());
        await WriteAsync("/usr/lib/deep/new", "ours"u8.ToArray());
        Assert.Equal("image\n", await TextAsync("/usr/lib/deep/file"));
        await SandboxFiles.DeleteAsync(_tree.Root, Path("/usr/lib"), Cancelled);
        var entry = Assert.Single(await ListAsync("/usr"));
        Assert.Equal(("keep", 4L), (Name(entry), entry.Size));
        using var root = RootedDirectory.Open(_tree.Root);
        Assert.Equal(UidBase + 5, root.Find("usr/keep"u8, followLast: false)!.Value.Uid);
    }

    [Fact]
    public async Task Too_large_a_directory_is_refused_not_held_in_memory()
    {
        _tree.Run($"mkdir many; cd many; seq {SandboxFiles.MaxListed + 1} | xargs touch");
        await FailsAsync(ErrorCode.TooLarge, () => ListAsync("/many"));
        await SandboxFiles.DeleteAsync(_tree.Root, Path("/many/1"), Cancelled);
        Assert.Equal(SandboxFiles.MaxListed, (await ListAsync("/many")).Count);
    }

    [Fact]
    public async Task Writes_and_reads_while_a_directory_turns_into_a_link_stay_inside()
    {
        Directory.CreateDirectory(_tree.At("dir"));
        await File.WriteAllTextAsync(_tree.At("dir/secret"), "inside", Cancelled);
        File.CreateSymbolicLink(_tree.At("link"), _tree.Outside);
        var done = false;
        var swapper = Task.Run(
            () =>
            {
                while (!Volatile.Read(ref done))
                {
                    _ = Exchange.Names(_tree.At("dir"), _tree.At("link"));
                }
            },
            Cancelled);
        var reads = 0;
        var writes = 0;
        var clock = Stopwatch.StartNew();
        for (var round = 0; round < 3000 && clock.Elapsed < TimeSpan.FromSeconds(10); round++)
        {
            try
            {
                Assert.Equal("inside", await TextAsync("/dir/secret"));
                reads++;
            }
            catch (SandboxException e) when (e.Code is ErrorCode.NotFound or ErrorCode.Invalid or ErrorCode.Conflict)
            {
                // It is the link just now: its target is not in the sandbox.
            }

            try
            {
                await WriteAsync("/dir/secret", "inside"u8.ToArray());
                writes++;
                await SandboxFiles.DeleteAsync(_tree.Root, Path("/dir/none/at/all"), Cancelled);
            }
            catch (SandboxException e) when (e.Code is ErrorCode.NotFound or ErrorCode.Invalid or ErrorCode.Conflict)
            {
                // Likewise.
            }
        }

        Volatile.Write(ref done, true);
        await swapper;
        Assert.NotEqual(0, reads);
        Assert.NotEqual(0, writes);
        _tree.AssertOutsideUntouched();
        Assert.DoesNotContain(await ListAsync("/"), entry => Name(entry).EndsWith(".part", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_file_that_turns_into_a_link_while_it_is_written_is_replaced_not_followed()
    {
        await File.WriteAllTextAsync(_tree.At("file"), "inside", Cancelled);
        File.CreateSymbolicLink(_tree.At("link"), _tree.Secret);
        await SandboxFiles.WriteAsync(_tree.Root, FileOwner.RootOf(UidBase), Path("/file"), null, Swapping(), Cancelled);
        Assert.Equal("new", await TextAsync("/file"));
        Assert.Null(new FileInfo(_tree.At("file")).LinkTarget);
        _tree.AssertOutsideUntouched();

        async IAsyncEnumerable<ReadOnlyMemory<byte>> Swapping()
        {
            await Task.Yield();
            yield return "ne"u8.ToArray();
            Assert.True(Exchange.Names(_tree.At("file"), _tree.At("link")));
            yield return "w"u8.ToArray();
        }
    }

    private void Mount(string disk)
    {
        if (disk == "overlay")
        {
            _tree.MountOverlay("true");
        }
        else
        {
            _tree.MountSmall(disk);
        }
    }

    private static SandboxPath Path(string text) => SandboxPath.TryParse(text, out var path) ? path : throw new ArgumentException(text, nameof(text));

    private static string Name(FileEntry entry) => Encoding.UTF8.GetString(entry.Name.Span);

    private Task<IReadOnlyList<FileEntry>> ListAsync(string path) => SandboxFiles.ListAsync(_tree.Root, Path(path), Cancelled);

    private Task WriteAsync(string path, byte[] content, int? mode = null) =>
        SandboxFiles.WriteAsync(_tree.Root, FileOwner.RootOf(UidBase), Path(path), mode, Chunks(content), Cancelled);

    /// <summary>ext4 gives the blocks of a file that is gone back with its next commit, which is not at once.</summary>
    private async Task WriteOnceThereIsSpaceAsync(string path, byte[] content)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await WriteAsync(path, content);
                return;
            }
            catch (SandboxException e) when (e.Code == ErrorCode.DiskFull && attempt < 300)
            {
                TestContext.Current.TestOutputHelper?.WriteLine($"full still at attempt {attempt}");
                await Task.Delay(100, Cancelled);
            }
        }
    }

    private async Task<byte[]> ReadAsync(string path, ReadForm form = ReadForm.Raw)
    {
        var bytes = new MemoryStream();
        await foreach (var chunk in SandboxFiles.ReadAsync(_tree.Root, UidBase, Path(path), form, FileRange.Whole, Cancelled))
        {
            Assert.InRange(chunk.Length, 1, SandboxFiles.ChunkLength);
            bytes.Write(chunk.Span);
        }

        return bytes.ToArray();
    }

    private async Task<string> TextAsync(string path) => Encoding.UTF8.GetString(await ReadAsync(path));

    private static async Task FailsAsync(ErrorCode code, Func<Task> call)
    {
        var fault = await Assert.ThrowsAsync<SandboxException>(call);
        Assert.True(code == fault.Code, $"{code} expected: {fault}");
        Assert.NotEmpty(fault.Message);
    }

    private static async IAsyncEnumerable<ReadOnlyMemory<byte>> Chunks(byte[] content)
    {
        await Task.Yield();
        foreach (var chunk in content.Chunk(100_000))
        {
            yield return chunk;
        }
    }

    private static async IAsyncEnumerable<ReadOnlyMemory<byte>> BreakingOff()
    {
        await Task.Yield();
        yield return new byte[100_000];
        throw new IOException("the browser left");
    }

    private static async IAsyncEnumerable<ReadOnlyMemory<byte>> Endless(CancellationTokenSource cancel, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        for (var i = 0; ; i++)
        {
            await Task.Yield();
            cancellationToken.ThrowIfCancellationRequested();
            yield return new byte[1000];
            if (i == 5)
            {
                await cancel.CancelAsync();
            }
        }
    }
}
