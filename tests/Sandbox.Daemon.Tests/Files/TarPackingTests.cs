using System.Diagnostics;
using System.Formats.Tar;
using System.Text;
using Sandbox.Core.Errors;
using Sandbox.Core.Files;
using Sandbox.Daemon.Files;
using Sandbox.Daemon.Images;
using Sandbox.Daemon.Linux;
using Xunit;

namespace Sandbox.Daemon.Tests.Files;

public sealed class TarPackingTests : IDisposable
{
    private const uint UidBase = 1_879_048_192;
    private readonly HostileTree _tree = new();

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public void Dispose() => _tree.Dispose();

    [Fact]
    public async Task A_tree_comes_out_as_it_is()
    {
        _tree.Run(
            $"""
            mkdir -p work/sub/empty
            head -c 300000 /dev/urandom > work/sub/big
            : > work/nothing
            printf hi > work/owned
            chown {UidBase + 1000}:{UidBase + 100} work/owned
            chmod 4750 work/owned
            touch -d '2001-02-03 04:05:06.789 UTC' work/owned
            touch -d '1901-02-03 UTC' work/sub/big
            ln -s '{_tree.Secret}' work/link
            mkfifo work/fifo
            mknod work/null c 1 3
            """);
        var bytes = await PackAsync("/work");
        var entries = Entries(bytes);
        Assert.Equal(["link", "nothing", "owned", "sub/", "sub/big", "sub/empty/"], entries.Select(entry => entry.Name), StringComparer.Ordinal);
        var owned = entries[2];
        Assert.Equal((1000, 100, (UnixFileMode)0b100_111_101_000), (owned.Uid, owned.Gid, owned.Mode));
        Assert.Equal(new DateTimeOffset(2001, 2, 3, 4, 5, 6, 789, TimeSpan.Zero), owned.ModificationTime);
        Assert.Equal((TarEntryType.SymbolicLink, _tree.Secret), (entries[0].EntryType, entries[0].LinkName));

        // A tar that others read too.
        var archive = Path.Combine(_tree.Outside, "..", "packed.tar");
        await File.WriteAllBytesAsync(archive, bytes, Cancelled);
        _tree.Run($"mkdir unpacked; tar --same-owner -p -xf '{archive}' -C unpacked; cmp work/sub/big unpacked/sub/big; test \"$(stat -c %u:%g:%a:%Y unpacked/owned)\" = 1000:100:4750:981173106; test -L unpacked/link; test -d unpacked/sub/empty");
    }

    [Fact]
    public async Task A_file_is_packed_under_its_name()
    {
        _tree.Run("mkdir dir; printf hello > dir/file; ln -s dir/file link");
        Assert.Equal("file", Assert.Single(Entries(await PackAsync("/dir/file"))).Name);
        Assert.Equal("link", Assert.Single(Entries(await PackAsync("/link"))).Name);
        Assert.Empty(Entries(await PackAsync("/dir", delete: "/dir/file")));
    }

    [Fact]
    public async Task Names_that_are_not_text_stay_as_they_are()
    {
        using (var root = RootedDirectory.Open(_tree.Root))
        {
            root.Top.CreateFile([(byte)'a', 0xFE]).Dispose();
            root.Top.CreateFile([(byte)'a', 0xFF]).Dispose();
            root.Top.CreateFile("ü 🐧"u8).Dispose();
            root.Top.CreateFile(Encoding.UTF8.GetBytes(new string('x', 255))).Dispose();
        }

        var names = new List<byte[]>();
        using var archive = new MemoryStream(await PackAsync("/"));
        var reading = new TarReading(archive);
        while (reading.Next() is { } entry)
        {
            names.Add(entry.Name);
        }

        Assert.Equal([[(byte)'a', 0xFE], [(byte)'a', 0xFF], Encoding.UTF8.GetBytes(new string('x', 255)), "ü 🐧"u8.ToArray()], names);
    }

    [Fact]
    public async Task A_name_of_two_lines_is_kept()
    {
        _tree.Run("printf x > \"$(printf 'two\\nlines 9 path=passwd\\nz')\"");
        var archive = Path.Combine(_tree.Outside, "..", "packed.tar");
        await File.WriteAllBytesAsync(archive, await PackAsync("/"), Cancelled); // .NET's own reader takes no such name
        _tree.Run($"mkdir unpacked; tar -xf '{archive}' -C unpacked; test -f \"$(printf 'unpacked/two\\nlines 9 path=passwd\\nz')\"; test $(find unpacked -type f -print0 | tr -dc '\\0' | wc -c) = 1");
    }

    [Fact]
    public async Task Times_out_of_range_are_moved_into_it()
    {
        _tree.Run("mkdir dir");
        using (var root = RootedDirectory.Open(_tree.Root))
        {
            using var file = root.Top.CreateFile("future"u8);
            file.SetModified(DateTimeOffset.MaxValue);
            using var other = root.Top.CreateFile("past"u8);
            other.SetModified(DateTimeOffset.MinValue);
        }

        Assert.Equal(["dir/", "future", "past"], Entries(await PackAsync("/")).Select(entry => entry.Name), StringComparer.Ordinal);
    }

    [Fact]
    public async Task A_hole_of_gigabytes_needs_no_memory_and_may_be_left_at_any_time()
    {
        _tree.Run("truncate -s 12G hole");
        var before = Process.GetCurrentProcess().WorkingSet64;
        long total = 0;
        await foreach (var chunk in SandboxFiles.ReadAsync(_tree.Root, UidBase, SandboxPath.Root, ReadForm.Tar, FileRange.Whole, Cancelled))
        {
            total += chunk.Length;
            if (total > 512L * 1024 * 1024)
            {
                break;
            }
        }

        using var process = Process.GetCurrentProcess();
        Assert.InRange(process.WorkingSet64, 0, before + (200L * 1024 * 1024));
    }

    [Fact]
    public async Task A_file_that_shrinks_while_it_is_packed_leaves_a_whole_tar()
    {
        _tree.Run("head -c 3000000 /dev/urandom > shrinking; printf last > z");
        var bytes = new MemoryStream();
        await foreach (var chunk in SandboxFiles.ReadAsync(_tree.Root, UidBase, SandboxPath.Root, ReadForm.Tar, FileRange.Whole, Cancelled))
        {
            if (bytes.Length == 0)
            {
                _tree.Run("truncate -s 10 shrinking");
            }

            bytes.Write(chunk.Span);
        }

        Assert.Equal([("shrinking", 3_000_000L), ("z", 4L)], Entries(bytes.ToArray()).Select(entry => (entry.Name, entry.Length)));
    }

    [Fact]
    public async Task Deeper_than_a_path_can_say_is_refused()
    {
        using (var root = RootedDirectory.Open(_tree.Root))
        {
            var current = root.OpenDirectory("/"u8);
            for (var i = 0; i < 3000; i++)
            {
                current.MakeDirectory("d"u8, new Ownership(UidBase, UidBase, 0b111_101_101));
                var next = current.OpenDirectory("d"u8);
                current.Dispose();
                current = next;
            }

            current.Dispose();
        }

        var fault = await Assert.ThrowsAsync<SandboxException>(() => PackAsync("/"));
        Assert.Equal(ErrorCode.Invalid, fault.Code);
        await SandboxFiles.DeleteAsync(_tree.Root, Parse("/d"), Cancelled);
    }

    [Fact]
    public async Task Packing_while_directories_turn_into_links_stays_inside()
    {
        _tree.Run("mkdir -p tree/dir; seq 50 | sed 's/^/tree\\/dir\\//' | xargs touch");
        File.CreateSymbolicLink(_tree.At("link"), _tree.Outside);
        var done = false;
        var swapper = Task.Run(
            () =>
            {
                while (!Volatile.Read(ref done))
                {
                    _ = Exchange.Names(_tree.At("tree/dir"), _tree.At("link"));
                }
            },
            Cancelled);
        for (var round = 0; round < 200; round++)
        {
            var names = Entries(await PackAsync("/tree")).Select(entry => entry.Name).ToList();
            Assert.DoesNotContain("dir/secret", names, StringComparer.Ordinal);
        }

        Volatile.Write(ref done, true);
        await swapper;
        _tree.AssertOutsideUntouched();
    }

    private static SandboxPath Parse(string text) => SandboxPath.TryParse(text, out var path) ? path : throw new ArgumentException(text, nameof(text));

    private static List<(string Name, long Length, int Uid, int Gid, UnixFileMode Mode, DateTimeOffset ModificationTime, TarEntryType EntryType, string LinkName)> Entries(byte[] bytes)
    {
        var entries = new List<(string, long, int, int, UnixFileMode, DateTimeOffset, TarEntryType, string)>();
        using var reader = new TarReader(new MemoryStream(bytes));
        while (reader.GetNextEntry(copyData: true) is { } entry)
        {
            entries.Add((entry.Name, entry.Length, entry.Uid, entry.Gid, entry.Mode, entry.ModificationTime, entry.EntryType, entry.LinkName));
        }

        return entries;
    }

    private async Task<byte[]> PackAsync(string path, string? delete = null)
    {
        if (delete is not null)
        {
            await SandboxFiles.DeleteAsync(_tree.Root, Parse(delete), Cancelled);
        }

        var bytes = new MemoryStream();
        await foreach (var chunk in SandboxFiles.ReadAsync(_tree.Root, UidBase, Parse(path), ReadForm.Tar, FileRange.Whole, Cancelled))
        {
            Assert.InRange(chunk.Length, 1, SandboxFiles.ChunkLength);
            bytes.Write(chunk.Span);
        }

        return bytes.ToArray();
    }
}
