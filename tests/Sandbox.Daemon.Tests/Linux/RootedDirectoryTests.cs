using System.Diagnostics;
using System.Text;
using Sandbox.Daemon.Linux;
using Xunit;

namespace Sandbox.Daemon.Tests.Linux;

public sealed class RootedDirectoryTests : IDisposable
{
    private static readonly Ownership Plain = new(0, 0, 0b111_101_101);
    private readonly HostileTree _tree = new();

    public void Dispose() => _tree.Dispose();

    [Theory]
    [InlineData("link/secret", "../outside")]
    [InlineData("link/secret", "/proc/self/cwd/../outside")]
    [InlineData("link/secret", "../../../../../../../../OUTSIDE")]
    [InlineData("link/secret", "OUTSIDE")]
    [InlineData("../outside/secret", "x")]
    [InlineData("/../outside/secret", "x")]
    public void Nothing_leads_out(string path, string target)
    {
        File.CreateSymbolicLink(_tree.At("link"), target.Replace("OUTSIDE", _tree.Outside, StringComparison.Ordinal));
        using var root = RootedDirectory.Open(_tree.Root);
        Assert.Null(root.Find(Encoding.UTF8.GetBytes(path), followLast: true));
        Assert.Throws<PosixException>(() => root.OpenRead(Encoding.UTF8.GetBytes(path)).Dispose());
    }

    [Fact]
    public void An_absolute_link_is_resolved_inside()
    {
        Directory.CreateDirectory(_tree.At("etc"));
        File.WriteAllText(_tree.At("etc/passwd"), "inside");
        File.CreateSymbolicLink(_tree.At("a"), "/etc");
        File.CreateSymbolicLink(_tree.At("b"), "../../../../etc/passwd");
        using var root = RootedDirectory.Open(_tree.Root);
        Assert.Equal("inside", Text(root, "a/passwd"));
        Assert.Equal("inside", Text(root, "b"));
        Assert.Equal(Errno.NotDirectory, Assert.Throws<PosixException>(() => root.OpenInode("b/x"u8, followLast: true).Dispose()).Errno);
    }

    [Fact]
    public void Parents_are_made_inside_even_through_links()
    {
        Directory.CreateDirectory(_tree.At("real"));
        File.CreateSymbolicLink(_tree.At("up"), "../../..");
        File.CreateSymbolicLink(_tree.At("out"), _tree.Outside);
        using var root = RootedDirectory.Open(_tree.Root);
        using (root.OpenParent("up/new/deep/er/file"u8, out var name, new Ownership(100_000, 100_001, 0b111_101_000)))
        {
            Assert.Equal("file"u8, name);
        }

        var made = root.Find("new/deep/er"u8, followLast: false)!.Value;
        Assert.Equal((InodeType.Directory, 100_000u, 100_001u, 0b111_101_000), (made.Type, made.Uid, made.Gid, made.Mode));
        Assert.Equal(Errno.NoEntry, Assert.Throws<PosixException>(() => root.OpenParent("out/x/y"u8, out _, Plain)).Errno);
        Assert.Equal(Errno.NoEntry, Assert.Throws<PosixException>(() => root.OpenParent("none/x"u8, out _)).Errno);
        _tree.AssertOutsideUntouched();
    }

    [Theory]
    [InlineData("")]
    [InlineData("/")]
    [InlineData("a/..")]
    [InlineData("a/.")]
    public void A_path_without_a_last_name_has_no_parent(string path)
    {
        using var root = RootedDirectory.Open(_tree.Root);
        Assert.Equal(Errno.Invalid, Assert.Throws<PosixException>(() => root.OpenParent(Encoding.UTF8.GetBytes(path), out _)).Errno);
    }

    [Theory]
    [InlineData("..")]
    [InlineData(".")]
    [InlineData("a/b")]
    [InlineData("")]
    public void A_name_is_one_name(string name)
    {
        using var root = RootedDirectory.Open(_tree.Root);
        Assert.Equal(Errno.Invalid, Assert.Throws<PosixException>(() => root.Top.CreateFile(Encoding.UTF8.GetBytes(name)).Dispose()).Errno);
        Assert.Equal(Errno.Invalid, Assert.Throws<PosixException>(() => root.Top.Remove(Encoding.UTF8.GetBytes(name))).Errno);
        _tree.AssertOutsideUntouched();
    }

    [Fact]
    public void What_a_layer_holds_can_be_made_with_owner_mode_and_time()
    {
        using var root = RootedDirectory.Open(_tree.Root);
        var top = root.Top;
        var time = new DateTimeOffset(1969, 12, 31, 23, 59, 58, 500, TimeSpan.Zero);
        using (var file = top.CreateFile("file"u8))
        {
            file.Write("hello"u8, 0);
            file.SetOwner(5, 6);
            file.SetMode(0b100_111_101_101);
            file.SetModified(time);
            file.SetAttribute("trusted.test", "value"u8);
        }

        Assert.Equal(Errno.Exists, Assert.Throws<PosixException>(() => top.CreateFile("file"u8).Dispose()).Errno);
        var status = top.Find("file"u8)!.Value;
        Assert.Equal((InodeType.File, 0b100_111_101_101, 5u, 6u, 5L, time), (status.Type, status.Mode, status.Uid, status.Gid, status.Size, status.Modified));

        top.MakeSymlink("link"u8, [.. "/nowhere"u8, 0xFF], 7, 8);
        using (var link = top.OpenInode("link"u8))
        {
            link.SetModified(time);
            link.SetAttribute("trusted.test", "of the link"u8);
            Assert.Equal([.. "/nowhere"u8, 0xFF], link.ReadLink());
            Assert.Equal((InodeType.Symlink, 7u, 8u, time), (link.Status().Type, link.Status().Uid, link.Status().Gid, link.Status().Modified));
        }

        Assert.Equal(Errno.Exists, Assert.Throws<PosixException>(() => top.CreateFile("link"u8).Dispose()).Errno);
        top.MakeHardLink("second"u8, top, "link"u8);
        Assert.Equal(InodeType.Symlink, top.Find("second"u8)!.Value.Type);
        top.MakeFifo("fifo"u8, new Ownership(9, 9, 0b110_000_000));
        Assert.Equal(InodeType.Fifo, top.Find("fifo"u8)!.Value.Type);
        top.MakeWhiteout("gone"u8);
        var whiteout = top.Find("gone"u8)!.Value;
        Assert.Equal((InodeType.CharacterDevice, 0u, 0u), (whiteout.Type, whiteout.DeviceMajor, whiteout.DeviceMinor));

        Assert.True(top.EnsureDirectory("dir"u8, Plain));
        Assert.False(top.EnsureDirectory("dir"u8, Plain));
        Assert.Equal(Errno.NotDirectory, Assert.Throws<PosixException>(() => top.EnsureDirectory("link"u8, Plain)).Errno);
        Assert.True(top.EnsureDirectory("link"u8, Plain, replace: true));
        using (var directory = top.OpenInode("dir"u8))
        {
            directory.SetOpaque();
        }

        Assert.Equal(["dir", "fifo", "file", "gone", "link", "second"], top.List().Select(entry => Encoding.UTF8.GetString(entry.Name)).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_fifo_is_not_opened()
    {
        _tree.Run("mkfifo fifo; mknod null c 1 3; mkdir dir");
        using var root = RootedDirectory.Open(_tree.Root);
        Assert.Equal(Errno.Invalid, Assert.Throws<PosixException>(() => root.OpenRead("fifo"u8).Dispose()).Errno);
        Assert.Equal(Errno.Invalid, Assert.Throws<PosixException>(() => root.OpenRead("null"u8).Dispose()).Errno);
        Assert.Equal(Errno.IsDirectory, Assert.Throws<PosixException>(() => root.OpenRead("dir"u8).Dispose()).Errno);
    }

    [Fact]
    public void A_mount_inside_is_not_entered_nor_removed()
    {
        _tree.Run("mkdir -p a/proc");
        _tree.Run("mount -t tmpfs tmpfs a/proc; touch a/proc/file");
        try
        {
            using var root = RootedDirectory.Open(_tree.Root);
            Assert.Equal(Errno.CrossesDevice, Assert.Throws<PosixException>(() => root.OpenRead("a/proc/file"u8).Dispose()).Errno);
            Assert.Throws<PosixException>(() => root.Top.Remove("a"u8));
            Assert.True(File.Exists(_tree.At("a/proc/file")));
        }
        finally
        {
            _tree.Run("umount a/proc");
        }
    }

    [Fact]
    public void A_tree_of_ten_thousand_levels_is_removed_with_few_descriptors()
    {
        const int depth = 10_000;
        using var root = RootedDirectory.Open(_tree.Root);
        var before = OpenDescriptors();
        var deepest = root.Top;
        deepest.MakeDirectory("deep"u8, Plain);
        var current = deepest.OpenDirectory("deep"u8);
        for (var i = 0; i < depth; i++)
        {
            using (current.CreateFile("file"u8))
            {
            }

            current.MakeDirectory("a directory's name"u8, Plain);
            var next = current.OpenDirectory("a directory's name"u8);
            current.Dispose();
            current = next;
        }

        current.Dispose();
        root.Top.Remove("deep"u8, TestContext.Current.CancellationToken);
        Assert.Empty(root.Top.List());
        Assert.InRange(OpenDescriptors(), 0, before + 64);
    }

    [Fact]
    public void A_wide_tree_with_links_out_is_removed_and_nothing_else()
    {
        _tree.Run($"mkdir wide; cd wide; seq 3000 | xargs touch; seq -f d%g 3000 | xargs mkdir; ln -s '{_tree.Outside}' d7/out; ln -s ../../../outside out; ln '{_tree.Secret}' hard");
        using var root = RootedDirectory.Open(_tree.Root);
        root.Top.Remove("wide"u8, TestContext.Current.CancellationToken);
        Assert.Empty(root.Top.List());
        Assert.Equal(Errno.NoEntry, Assert.Throws<PosixException>(() => root.Top.Remove("wide"u8)).Errno);
        _tree.AssertOutsideUntouched();
    }

    [Fact]
    public async Task Removal_while_directories_turn_into_links_stays_inside()
    {
        using var root = RootedDirectory.Open(_tree.Root);
        var outside = Path.Combine(_tree.Outside, "..", "victims");
        for (var i = 0; i < 50; i++)
        {
            Directory.CreateDirectory(Path.Combine(outside, $"{i}"));
        }

        File.CreateSymbolicLink(_tree.At("link"), outside);
        using var done = new CancellationTokenSource();
        var swapper = Task.Run(
            () =>
            {
                while (!done.IsCancellationRequested)
                {
                    _ = Exchange.Names(_tree.At("tree/sub"), _tree.At("link"));
                }
            },
            TestContext.Current.CancellationToken);
        var clock = Stopwatch.StartNew();
        for (var round = 0; round < 300 && clock.Elapsed < TimeSpan.FromSeconds(10); round++)
        {
            Directory.CreateDirectory(_tree.At("tree"));
            if (!Path.Exists(_tree.At("tree/sub")))
            {
                Directory.CreateDirectory(_tree.At("tree/sub"));
            }

            for (var i = 0; i < 20; i++)
            {
                try
                {
                    Directory.CreateDirectory(_tree.At($"tree/sub/{i}"));
                }
                catch (IOException)
                {
                    // swapped just now
                }
            }

            root.Top.Remove("tree"u8, TestContext.Current.CancellationToken);
            if (!Path.Exists(_tree.At("link")) || new FileInfo(_tree.At("link")).LinkTarget is null)
            {
                root.Top.Remove("link"u8, TestContext.Current.CancellationToken);
                File.CreateSymbolicLink(_tree.At("link"), outside);
            }
        }

        await done.CancelAsync();
        await swapper;
        Assert.InRange(Directory.GetDirectories(outside).Length, 50, 70);
        Assert.True(Enumerable.Range(20, 30).All(i => Directory.Exists(Path.Combine(outside, $"{i}"))));
    }

    private static int OpenDescriptors() => Directory.GetFileSystemEntries("/proc/self/fd").Length;

    private static string Text(RootedDirectory root, string path)
    {
        using var file = root.OpenRead(Encoding.UTF8.GetBytes(path));
        var buffer = new byte[100];
        return Encoding.UTF8.GetString(buffer, 0, file.Read(buffer, 0));
    }
}
