using System.Formats.Tar;
using System.Threading.Channels;
using Sandbox.Core.Errors;
using Sandbox.Core.Files;
using Sandbox.Core.Runtime;
using Xunit;

namespace Sandbox.Testing;

/// <summary>The suite of <see cref="ISandboxFiles"/>, uploads included.</summary>
public abstract class FilesConformance(RuntimeUnderTest under) : RuntimeConformance(under)
{
    [Fact]
    public async Task A_file_written_is_read_and_seen_by_programs()
    {
        var sandbox = await CreateAsync();
        var bytes = new byte[700_001];
        new Random(2).NextBytes(bytes);

        await Runtime.Files.WriteAsync(sandbox.Id, Path("/root/new/dir/file"), 0x1C0, Pieces(bytes), Cancellation);

        Assert.Equal(bytes, await ReadBytesAsync(sandbox.Id, "/root/new/dir/file"));
        Assert.Equal(bytes, (await ExecAsync(sandbox.Id, ["cat", "/root/new/dir/file"])).Stdout.ToArray());
        var entry = await FindAsync(sandbox.Id, "/root/new/dir/file");
        Assert.Equal(FileKind.File, entry?.Kind);
        Assert.Equal(bytes.Length, entry?.Size);
        Assert.Equal(0x1C0, entry?.Mode);
        Assert.Equal("file", Text(entry!.Name));
        Assert.Equal(FileKind.Directory, (await FindAsync(sandbox.Id, "/root/new/dir"))?.Kind);
    }

    [Fact]
    public async Task A_file_replaced_keeps_its_mode_unless_told()
    {
        var sandbox = await CreateAsync();
        await Runtime.Files.WriteAsync(sandbox.Id, Path("/root/file"), 0x1C9, Pieces([1]), Cancellation);

        await WriteAsync(sandbox.Id, "/root/file", "second");

        Assert.Equal(0x1C9, (await FindAsync(sandbox.Id, "/root/file"))?.Mode);
        Assert.Equal("second", await ReadAsync(sandbox.Id, "/root/file"));
        await Runtime.Files.WriteAsync(sandbox.Id, Path("/root/file"), 0x180, Pieces([]), Cancellation);
        Assert.Equal(0x180, (await FindAsync(sandbox.Id, "/root/file"))?.Mode);
        Assert.Equal("", await ReadAsync(sandbox.Id, "/root/file"));
    }

    [Fact]
    public async Task A_write_cut_off_leaves_the_file_as_it_was()
    {
        var sandbox = await CreateAsync();
        await WriteAsync(sandbox.Id, "/root/file", "first");
        var before = (await Runtime.Files.ListAsync(sandbox.Id, Path("/root"), Cancellation)).Count;

        await Assert.ThrowsAnyAsync<IOException>(() => Runtime.Files.WriteAsync(sandbox.Id, Path("/root/file"), (int?)null, BrokenPieces(), Cancellation));
        await Assert.ThrowsAnyAsync<IOException>(() => Runtime.Files.WriteAsync(sandbox.Id, Path("/root/other"), (int?)null, BrokenPieces(), Cancellation));

        Assert.Equal("first", await ReadAsync(sandbox.Id, "/root/file"));
        Assert.Null(await FindAsync(sandbox.Id, "/root/other"));
        await EventuallyAsync(async () => (await Runtime.Files.ListAsync(sandbox.Id, Path("/root"), Cancellation)).Count == before);
    }

    [Fact]
    public async Task A_directory_is_made_with_its_parents()
    {
        var sandbox = await CreateAsync();

        await Runtime.Files.MakeDirectoryAsync(sandbox.Id, Path("/root/a/b"), Cancellation);
        await WriteAsync(sandbox.Id, "/root/a/b/file", "kept");
        await Runtime.Files.MakeDirectoryAsync(sandbox.Id, Path("/root/a/b"), Cancellation);

        Assert.Equal("kept", await ReadAsync(sandbox.Id, "/root/a/b/file"));
        await FailsAsync(ErrorCode.NotFound, () => Runtime.Files.MakeDirectoryAsync(sandbox.Id, Path("/root/a/b/file"), Cancellation));
        await FailsAsync(ErrorCode.NotFound, () => Runtime.Files.MakeDirectoryAsync(sandbox.Id, Path("/root/a/b/file/c"), Cancellation));
    }

    [Fact]
    public async Task An_upload_in_parts_appears_with_its_last_byte()
    {
        var sandbox = await CreateAsync();
        var bytes = new byte[700_001];
        new Random(3).NextBytes(bytes);
        var upload = await BeginAsync(sandbox.Id, "/root/new/dir/file", bytes.Length, 0x1C0);
        Assert.Equal(0, upload.Offset);

        upload = await Runtime.Files.ContinueUploadAsync(sandbox.Id, upload.Id, 0, Pieces(bytes[..400_000]), Cancellation);

        Assert.Equal(400_000, upload.Offset);
        Assert.Equal(upload, await Runtime.Files.FindUploadAsync(sandbox.Id, upload.Id, Cancellation));
        Assert.Null(await FindAsync(sandbox.Id, "/root/new/dir/file"));

        upload = await Runtime.Files.ContinueUploadAsync(sandbox.Id, upload.Id, 400_000, Pieces(bytes[400_000..]), Cancellation);

        Assert.Equal(bytes.Length, upload.Offset);
        Assert.Equal(bytes, await ReadBytesAsync(sandbox.Id, "/root/new/dir/file"));
        Assert.Equal(0x1C0, (await FindAsync(sandbox.Id, "/root/new/dir/file"))?.Mode);
        Assert.Single(await Runtime.Files.ListAsync(sandbox.Id, Path("/root/new/dir"), Cancellation));

        // A caller who missed the answer to the last part asks, and learns that the upload is complete.
        Assert.Equal(upload, await Runtime.Files.FindUploadAsync(sandbox.Id, upload.Id, Cancellation));
        await FailsAsync(ErrorCode.NotFound, () => Runtime.Files.ContinueUploadAsync(sandbox.Id, upload.Id, bytes.Length, Pieces([]), Cancellation));
    }

    [Fact]
    public async Task An_upload_of_nothing_is_complete_at_once_and_keeps_the_mode_of_what_it_replaces()
    {
        var sandbox = await CreateAsync();
        await Runtime.Files.WriteAsync(sandbox.Id, Path("/root/file"), 0x1C9, Pieces([1]), Cancellation);

        var upload = await BeginAsync(sandbox.Id, "/root/file", 0);

        Assert.Equal(0, upload.Length);
        Assert.Equal("", await ReadAsync(sandbox.Id, "/root/file"));
        Assert.Equal(0x1C9, (await FindAsync(sandbox.Id, "/root/file"))?.Mode);
    }

    [Fact]
    public async Task An_upload_cut_off_goes_on_where_it_stopped()
    {
        var sandbox = await CreateAsync();
        var upload = await BeginAsync(sandbox.Id, "/root/file", 10);

        await Assert.ThrowsAnyAsync<IOException>(() => Runtime.Files.ContinueUploadAsync(sandbox.Id, upload.Id, 0, BrokenPieces(), Cancellation));

        // Bytes on their way may still arrive; a caller who began before that gets the offset to go on from.
        var whole = "half and so"u8.ToArray()[..10];
        await EventuallyAsync(async () =>
        {
            var offset = (int)(await Runtime.Files.FindUploadAsync(sandbox.Id, upload.Id, Cancellation))!.Offset;
            try
            {
                return (await Runtime.Files.ContinueUploadAsync(sandbox.Id, upload.Id, offset, Pieces(whole[offset..]), Cancellation)).Offset == 10;
            }
            catch (SandboxException fault) when (fault.Code == ErrorCode.Conflict)
            {
                return false;
            }
        });
        Assert.Equal("half and s", await ReadAsync(sandbox.Id, "/root/file"));
    }

    [Fact]
    public async Task Of_two_who_send_one_upload_one_wins()
    {
        var sandbox = await CreateAsync();
        var upload = await BeginAsync(sandbox.Id, "/root/file", 8);
        var slow = Channel.CreateUnbounded<ReadOnlyMemory<byte>>();
        var first = Runtime.Files.ContinueUploadAsync(sandbox.Id, upload.Id, 0, slow.Reader.ReadAllAsync(Cancellation), Cancellation);
        await slow.Writer.WriteAsync("mine"u8.ToArray(), Cancellation);
        await EventuallyAsync(async () => (await Runtime.Files.FindUploadAsync(sandbox.Id, upload.Id, Cancellation))!.Offset == 4);

        await FailsAsync(ErrorCode.Conflict, () => Runtime.Files.ContinueUploadAsync(sandbox.Id, upload.Id, 4, Pieces("your"u8.ToArray()), Cancellation));
        await slow.Writer.WriteAsync("own."u8.ToArray(), Cancellation);
        slow.Writer.Complete();

        Assert.Equal(8, (await first).Offset);
        Assert.Equal("mineown.", await ReadAsync(sandbox.Id, "/root/file"));
    }

    [Fact]
    public async Task A_part_that_does_not_fit_is_refused()
    {
        var sandbox = await CreateAsync();
        await WriteAsync(sandbox.Id, "/root/dir/file", "x");
        var upload = await BeginAsync(sandbox.Id, "/root/file", 4);

        await FailsAsync(ErrorCode.Conflict, () => Runtime.Files.ContinueUploadAsync(sandbox.Id, upload.Id, 1, Pieces([1]), Cancellation));
        await FailsAsync(ErrorCode.TooLarge, () => Runtime.Files.ContinueUploadAsync(sandbox.Id, upload.Id, 0, Pieces([1, 2, 3, 4, 5]), Cancellation));
        await FailsAsync(ErrorCode.NotFound, () => Runtime.Files.ContinueUploadAsync(sandbox.Id, UploadId.New(), 0, Pieces([1]), Cancellation));
        await FailsAsync(ErrorCode.Conflict, () => Runtime.Files.BeginUploadAsync(sandbox.Id, new UploadSpec { Id = upload.Id, Path = Path("/root/other"), Length = 1 }, Cancellation));
        await FailsAsync(ErrorCode.Invalid, () => BeginAsync(sandbox.Id, "/root/dir", 1));
        await FailsAsync(ErrorCode.NotFound, () => BeginAsync(sandbox.Id, "/root/dir/file/below", 1));
        await FailsAsync(ErrorCode.Invalid, () => BeginAsync(sandbox.Id, "/root/other", -1));
        await FailsAsync(ErrorCode.Invalid, () => BeginAsync(sandbox.Id, "/root/other", 1, 0x1000));

        var full = await Assert.ThrowsAsync<SandboxException>(() => BeginAsync(sandbox.Id, "/root/other", Limits.DiskBytes + 1));
        Assert.Equal(ErrorCode.DiskFull, full.Code);
        Assert.Contains("needed", full.Message, StringComparison.Ordinal);
        Assert.Contains("free", full.Message, StringComparison.Ordinal);
        Assert.Null(await FindAsync(sandbox.Id, "/root/other"));
    }

    [Fact]
    public async Task A_sandbox_takes_32_uploads_at_once_and_gives_back_what_is_cancelled()
    {
        var sandbox = await CreateAsync();
        await Runtime.Files.MakeDirectoryAsync(sandbox.Id, Path("/root/here"), Cancellation);
        var uploads = new List<UploadInfo>();
        for (var number = 0; number < UploadSpec.MostPerSandbox; number++)
        {
            uploads.Add(await BeginAsync(sandbox.Id, "/root/here/file", 2));
        }

        await FailsAsync(ErrorCode.Quota, () => BeginAsync(sandbox.Id, "/root/here/file", 2));
        foreach (var upload in uploads)
        {
            await Runtime.Files.ContinueUploadAsync(sandbox.Id, upload.Id, 0, Pieces([1]), Cancellation);
            await Runtime.Files.CancelUploadAsync(sandbox.Id, upload.Id, Cancellation);
            await Runtime.Files.CancelUploadAsync(sandbox.Id, upload.Id, Cancellation);
            Assert.Null(await Runtime.Files.FindUploadAsync(sandbox.Id, upload.Id, Cancellation));
        }

        Assert.Empty(await Runtime.Files.ListAsync(sandbox.Id, Path("/root/here"), Cancellation));
        await BeginAsync(sandbox.Id, "/root/here/file", 2);
    }

    [Fact]
    public async Task An_upload_that_is_cancelled_stops_whoever_sends_it()
    {
        var sandbox = await CreateAsync();
        var upload = await BeginAsync(sandbox.Id, "/root/here/file", 8);
        var slow = Channel.CreateUnbounded<ReadOnlyMemory<byte>>();
        var sending = Runtime.Files.ContinueUploadAsync(sandbox.Id, upload.Id, 0, slow.Reader.ReadAllAsync(Cancellation), Cancellation);
        await slow.Writer.WriteAsync("mine"u8.ToArray(), Cancellation);
        await EventuallyAsync(async () => (await Runtime.Files.FindUploadAsync(sandbox.Id, upload.Id, Cancellation))!.Offset == 4);

        await Runtime.Files.CancelUploadAsync(sandbox.Id, upload.Id, Cancellation);

        Assert.Empty(await Runtime.Files.ListAsync(sandbox.Id, Path("/root/here"), Cancellation));
        slow.Writer.Complete();
        await FailsAsync(ErrorCode.NotFound, () => sending);
    }

    [Fact]
    public async Task A_write_in_the_way_of_something_else_says_what()
    {
        var sandbox = await CreateAsync();
        await WriteAsync(sandbox.Id, "/root/dir/file", "x");

        await FailsAsync(ErrorCode.Invalid, () => WriteAsync(sandbox.Id, "/root/dir", "x"));
        await FailsAsync(ErrorCode.Invalid, () => Runtime.Files.WriteAsync(sandbox.Id, SandboxPath.Root, (int?)null, Pieces([1]), Cancellation));
        await FailsAsync(ErrorCode.NotFound, () => WriteAsync(sandbox.Id, "/root/dir/file/below", "x"));

        Assert.Equal("x", await ReadAsync(sandbox.Id, "/root/dir/file"));
    }

    [Fact]
    public async Task A_directory_is_listed_by_name_and_a_file_as_itself()
    {
        var sandbox = await CreateAsync();
        await WriteAsync(sandbox.Id, "/root/list/b", "bb");
        await WriteAsync(sandbox.Id, "/root/list/a", "a");
        await WriteAsync(sandbox.Id, "/root/list/c/d", "d");

        var entries = await Runtime.Files.ListAsync(sandbox.Id, Path("/root/list"), Cancellation);

        Assert.Equal(["a", "b", "c"], entries.Select(entry => Text(entry.Name)));
        Assert.Equal([FileKind.File, FileKind.File, FileKind.Directory], entries.Select(entry => entry.Kind));
        Assert.Equal(2, entries[1].Size);
        var itself = Assert.Single(await Runtime.Files.ListAsync(sandbox.Id, Path("/root/list/b"), Cancellation));
        Assert.Equal("b", Text(itself.Name));
        var root = await Runtime.Files.ListAsync(sandbox.Id, SandboxPath.Root, Cancellation);
        Assert.Contains(root, entry => Text(entry.Name) == "etc" && entry.Kind == FileKind.Directory);
    }

    [Fact]
    public async Task A_name_that_is_not_text_survives()
    {
        var sandbox = await CreateAsync();
        byte[] raw = [.. "/root/raw/"u8, 0xFF, 0xFE, (byte)'\n', (byte)' '];
        Assert.True(SandboxPath.TryParse(raw, out var path));

        await Runtime.Files.WriteAsync(sandbox.Id, path, (int?)null, Pieces("x"u8.ToArray()), Cancellation);

        var entry = Assert.Single(await Runtime.Files.ListAsync(sandbox.Id, Path("/root/raw"), Cancellation));
        Assert.Equal(new byte[] { 0xFF, 0xFE, (byte)'\n', (byte)' ' }, entry.Name.ToArray());
        await Runtime.Files.DeleteAsync(sandbox.Id, path, Cancellation);
        Assert.Empty(await Runtime.Files.ListAsync(sandbox.Id, Path("/root/raw"), Cancellation));
    }

    [Fact]
    public async Task A_tree_is_packed_as_a_tar()
    {
        var sandbox = await CreateAsync();
        await WriteAsync(sandbox.Id, "/root/tree/a", "content of a");
        await WriteAsync(sandbox.Id, "/root/tree/sub/b", "content of b");

        using var packed = new MemoryStream(await ReadBytesAsync(sandbox.Id, "/root/tree", ReadForm.Tar));
        var found = new Dictionary<string, string>(StringComparer.Ordinal);
        using var tar = new TarReader(packed);
        while (await tar.GetNextEntryAsync(copyData: true, Cancellation) is { } entry)
        {
            if (entry.DataStream is { } data)
            {
                using var reader = new StreamReader(data);
                found[entry.Name.Split('/')[^1]] = await reader.ReadToEndAsync(Cancellation);
            }
        }

        Assert.Equal("content of a", found["a"]);
        Assert.Equal("content of b", found["b"]);
        Assert.Equal(2, found.Count);
    }

    [Fact]
    public async Task What_is_removed_is_gone_with_all_below_it()
    {
        var sandbox = await CreateAsync();
        await WriteAsync(sandbox.Id, "/root/tree/a", "a");
        await WriteAsync(sandbox.Id, "/root/tree/sub/b", "b");
        await WriteAsync(sandbox.Id, "/root/treehouse", "stays");

        await Runtime.Files.DeleteAsync(sandbox.Id, Path("/root/tree"), Cancellation);

        Assert.Null(await FindAsync(sandbox.Id, "/root/tree"));
        Assert.Null(await FindAsync(sandbox.Id, "/root/tree/sub/b"));
        Assert.Equal("stays", await ReadAsync(sandbox.Id, "/root/treehouse"));
        await FailsAsync(ErrorCode.Invalid, () => Runtime.Files.DeleteAsync(sandbox.Id, SandboxPath.Root, Cancellation));
    }

    [Fact]
    public async Task What_is_not_there_is_NotFound()
    {
        var sandbox = await CreateAsync();

        Assert.Null(await FindAsync(sandbox.Id, "/root/nothing"));
        Assert.Null(await FindAsync(sandbox.Id, "/etc/passwd/below"));
        await FailsAsync(ErrorCode.NotFound, () => ReadAsync(sandbox.Id, "/root/nothing"));
        await FailsAsync(ErrorCode.NotFound, () => Runtime.Files.ListAsync(sandbox.Id, Path("/root/nothing"), Cancellation));
        await FailsAsync(ErrorCode.NotFound, () => Runtime.Files.DeleteAsync(sandbox.Id, Path("/root/nothing"), Cancellation));
        await FailsAsync(ErrorCode.Invalid, () => ReadAsync(sandbox.Id, "/etc"));
    }

    [Fact]
    public async Task Links_are_followed_inside_the_sandbox_only()
    {
        var sandbox = await CreateAsync();
        await WriteAsync(sandbox.Id, "/inside", "inside");
        await OutputAsync(sandbox.Id, "ln", "-s", "../../../../../../inside", "/root/up");
        await OutputAsync(sandbox.Id, "ln", "-s", "/", "/root/top");
        await OutputAsync(sandbox.Id, "ln", "-s", "/root/loop", "/root/loop");

        Assert.Equal("inside", await ReadAsync(sandbox.Id, "/root/up"));
        Assert.Equal("inside", await ReadAsync(sandbox.Id, "/root/top/inside"));
        Assert.Equal(FileKind.Directory, (await FindAsync(sandbox.Id, "/root/top"))?.Kind);
        Assert.Contains(
            await Runtime.Files.ListAsync(sandbox.Id, Path("/root"), Cancellation),
            entry => Text(entry.Name) == "top" && entry.Kind == FileKind.Symlink);
        Assert.Null(await FindAsync(sandbox.Id, "/root/loop/x"));

        // The link goes, and what it points at stays.
        await Runtime.Files.DeleteAsync(sandbox.Id, Path("/root/top"), Cancellation);
        Assert.Equal("inside", await ReadAsync(sandbox.Id, "/inside"));
    }
}
