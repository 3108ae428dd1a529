using System.Diagnostics;
using Sandbox.Core.Errors;
using Sandbox.Core.Snapshots;
using Sandbox.Daemon.Images;
using Sandbox.Daemon.Snapshots;
using Xunit;

namespace Sandbox.Daemon.Tests.Snapshots;

/// <summary>What an overlay changed, as a layer of an image.</summary>
public sealed class LayerPackingTests
{
    private const string Image = """
        mkdir -p etc usr/bin usr/lib/old/deep home var; chmod 1777 var
        echo root:x:0:0 > etc/passwd; echo one > usr/bin/one; echo two > usr/bin/two; chmod 4755 usr/bin/one
        echo a > usr/lib/old/a; echo b > usr/lib/old/deep/b; ln -s one usr/bin/link; touch -d @1000000 usr/bin/one usr/bin/two
        """;

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_launch_from_the_layer_shows_the_same_tree()
    {
        using var overlay = new OverlayUnderTest(Image, "mkdir -p usr/bin; echo three > usr/bin/three; echo gone > usr/gone").Change("""
            echo changed > etc/passwd; rm usr/bin/two usr/gone; chmod 700 home; chown 1000:100 home; mkdir home/new; echo x > home/new/x
            rm -r usr/lib/old; mkdir usr/lib/old; echo c > usr/lib/old/c
            rm usr/bin/link; mkdir usr/bin/link; echo in > usr/bin/link/in; rm usr/bin/three; ln -s /nowhere usr/bin/three
            ln home/new/x home/new/y; ln home/new/x var/z; mkfifo var/pipe; chmod 6711 home/new/x; touch -d '1965-03-04 05:06:07' home/new
            setfattr -n user.mine -v 'a=b' home/new/x; setcap cap_net_raw+ep usr/bin/one; printf '\000\377\001' > var/bytes
            """);
        var (file, _) = await overlay.PackAsync(cancellationToken: Now) ?? throw new InvalidOperationException("nothing changed");
        Assert.Equal(TreeListing.Of(overlay.Root), TreeListing.Of(overlay.Launch(file)));
    }

    [Fact]
    public async Task Names_of_any_bytes_and_any_length_are_kept()
    {
        using var overlay = new OverlayUnderTest(Image).Change("""
            cd home; touch "$(printf '\377\376')" "$(printf 'line\nbreak')" "$(printf 'caf\303\251')" -- '-n' ' ' '*'
            long=$(printf '%0255d' 7); touch "$long"; ln -s "$long/$long" to; d=$(printf '%0120d' 1)
            for i in 1 2 3 4 5 6 7 8 9 10; do mkdir "$d"; cd "$d"; echo $i > file; ln file hard; done
            """);
        var (file, _) = await overlay.PackAsync(cancellationToken: Now) ?? throw new InvalidOperationException("nothing changed");
        var launched = overlay.Launch(file);
        Assert.Equal(TreeListing.Of(overlay.Root), TreeListing.Of(launched));
    }

    [Fact]
    public async Task Deleted_names_and_emptied_directories_have_the_form_of_oci()
    {
        using var overlay = new OverlayUnderTest(Image).Change("rm usr/bin/two; rm -r usr/lib/old; mkdir usr/lib/old; echo c > usr/lib/old/c; mkdir var/made; rmdir var/made; rm -r home");
        var (file, _) = await overlay.PackAsync(cancellationToken: Now) ?? throw new InvalidOperationException("nothing changed");
        Assert.Equal(["./", ".wh.home", "usr/", "usr/bin/", "usr/bin/.wh.two", "usr/lib/", "usr/lib/old/", "usr/lib/old/.wh..wh..opq", "usr/lib/old/c", "var/"], OverlayUnderTest.Names(file));
    }

    [Fact]
    public async Task The_same_state_gives_the_same_digest_whatever_was_done_on_the_way()
    {
        using var one = new OverlayUnderTest(Image).Change("cd home; for i in 1 2 3 4 5 6 7 8 9; do echo $i > $i; touch -d @5 $i; done; touch -d @6 .");
        using var other = new OverlayUnderTest(Image).Change("""
            chown -R 0:0 etc var; chmod 644 usr/bin/two; exec 3<> etc/passwd; exec 3>&-
            cd home; for i in 9 8 7 6 5 4 3 2 1; do echo gone > $i; echo $i > $i; setfattr -n user.x -v y $i; setfattr -x user.x $i; touch -d @5 $i; done; touch -d @6 .
            touch -d @7 ../
            """);
        one.Change("touch -d @7 .");
        var first = await one.PackAsync(cancellationToken: Now) ?? throw new InvalidOperationException("nothing changed");
        await Task.Delay(1100, Now);
        Assert.Equal(first.DiffId, (await one.PackAsync(cancellationToken: Now))?.DiffId);
        Assert.Equal(first.DiffId, (await other.PackAsync(cancellationToken: Now))?.DiffId);
        Assert.Equal(["./", "home/", "home/1", "home/2", "home/3", "home/4", "home/5", "home/6", "home/7", "home/8", "home/9"], OverlayUnderTest.Names(first.File));
    }

    [Fact]
    public async Task Nothing_changed_is_no_layer()
    {
        using var overlay = new OverlayUnderTest(Image).Change("chmod 644 etc/passwd; touch x; rm x; exec 3<> usr/bin/two");
        Assert.Null(await overlay.PackAsync(cancellationToken: Now));
    }

    [Fact]
    public async Task Excluded_paths_are_as_the_image_has_them()
    {
        using var overlay = new OverlayUnderTest(Image).Change("echo secret > home/.env; echo secret > etc/passwd; rm usr/bin/two; mkdir home/a; echo b > home/a/b; echo keep > home/keep");
        var (file, _) = await overlay.PackAsync(["/home/.env", "/etc/passwd", "/usr/bin/two", "/home/a"], cancellationToken: Now) ?? throw new InvalidOperationException("nothing changed");
        Assert.Equal(["./", "home/", "home/keep", "usr/", "usr/bin/"], OverlayUnderTest.Names(file));
        var launched = overlay.Launch(file);
        Assert.Equal("root:x:0:0\n", await File.ReadAllTextAsync(Path.Combine(launched, "etc/passwd"), Now));
        Assert.False(Directory.Exists(Path.Combine(launched, "home/a")));
    }

    [Fact]
    public async Task Given_files_are_left_out_until_they_are_changed()
    {
        IReadOnlyList<(string, string)> given = [("/etc/hosts", "127.0.0.1\tlocalhost\n"), ("/etc/hostname", "main\n")];
        using var overlay = new OverlayUnderTest(Image).Change("printf '127.0.0.1\\tlocalhost\\n' > etc/hosts; echo main > etc/hostname; echo x > home/x; touch -d @7 etc");
        var (file, _) = await overlay.PackAsync(given: given, cancellationToken: Now) ?? throw new InvalidOperationException("nothing changed");
        Assert.Equal(["./", "etc/", "home/", "home/x"], OverlayUnderTest.Names(file));
        overlay.Change("echo 10.0.0.1 db >> etc/hosts");
        (file, _) = await overlay.PackAsync(given: given, cancellationToken: Now) ?? throw new InvalidOperationException("nothing changed");
        Assert.Equal(["./", "etc/", "etc/hosts", "home/", "home/x"], OverlayUnderTest.Names(file));
    }

    [Fact]
    public async Task Sockets_devices_and_reserved_names_are_skipped_and_reported()
    {
        using var overlay = new OverlayUnderTest(Image).Change("mknod home/null c 1 3; mknod home/disk b 7 200; touch home/.wh.passwd; mkdir etc/.wh..wh..opq; touch etc/.wh..wh..opq/x; echo x > home/x; python3 -c \"import socket;socket.socket(socket.AF_UNIX).bind('home/sock')\"");
        var (file, _) = await overlay.PackAsync(cancellationToken: Now) ?? throw new InvalidOperationException("nothing changed");
        Assert.Equal(["./", "etc/", "home/", "home/x"], OverlayUnderTest.Names(file));
        Assert.Equal(
            [("/etc/.wh..wh..opq", SkipReason.ReservedName), ("/home/.wh.passwd", SkipReason.ReservedName), ("/home/disk", SkipReason.Device), ("/home/null", SkipReason.Device), ("/home/sock", SkipReason.Socket)],
            overlay.Filter.Skipped.Select(skipped => (skipped.Path.ToString(), skipped.Reason)));
    }

    [Fact]
    public async Task A_sparse_file_takes_little_room_here_and_there()
    {
        using var overlay = new OverlayUnderTest(Image).Change("truncate -s 200M home/sparse; printf end | dd of=home/sparse bs=1 seek=199000000 conv=notrunc status=none; printf x > home/small; truncate -s 10000 home/small");
        var (file, _) = await overlay.PackAsync(cancellationToken: Now) ?? throw new InvalidOperationException("nothing changed");
        var launched = overlay.Launch(file);
        Assert.Equal(TreeListing.Of(overlay.Root), TreeListing.Of(launched));
        Assert.True(Blocks(file) < 4 << 20, $"{Blocks(file)}");
        Assert.True(Blocks(Path.Combine(launched, "home/sparse")) < 4 << 20);
    }

    [Fact]
    public async Task More_than_may_be_saved_is_refused_with_a_size()
    {
        using var overlay = new OverlayUnderTest(Image).Change("head -c 3000000 /dev/urandom > home/large");
        var fault = await Assert.ThrowsAsync<SandboxException>(async () => await overlay.PackAsync(most: 2 << 20, cancellationToken: Now));
        Assert.Equal(ErrorCode.TooLarge, fault.Code);
        Assert.Contains("2 MiB", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_directory_of_many_small_files_is_saved()
    {
        using var overlay = new OverlayUnderTest(Image).Change("mkdir home/many; cd home/many; seq 1 12000 | xargs touch");
        var (file, _) = await overlay.PackAsync(cancellationToken: Now) ?? throw new InvalidOperationException("nothing changed");
        Assert.Equal(12_000, OverlayUnderTest.Names(file).Count(name => name.StartsWith("home/many/", StringComparison.Ordinal)) - 1);
    }

    [Fact]
    public async Task Real_tar_reads_what_is_written()
    {
        using var overlay = new OverlayUnderTest(Image).Change("cd home; echo x > a; ln a b; long=$(printf '%0200d' 7); touch $long; ln -s $long link; setfattr -n user.k -v v a; chown 12345:7 a; touch -d @9999999999 a");
        var (file, _) = await overlay.PackAsync(cancellationToken: Now) ?? throw new InvalidOperationException("nothing changed");
        using var tar = Process.Start(new ProcessStartInfo("tar", ["--xattrs", "--full-time", "-tvf", file]) { RedirectStandardOutput = true, UseShellExecute = false })!;
        var listing = await tar.StandardOutput.ReadToEndAsync(Now);
        await tar.WaitForExitAsync(Now);
        Assert.Equal(0, tar.ExitCode);
        Assert.Contains("12345/7", listing, StringComparison.Ordinal);
        Assert.Contains("home/b link to home/a", listing, StringComparison.Ordinal);
        Assert.Contains("2286-11-20", listing, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_cut_while_it_is_copied_is_a_conflict_and_one_that_grows_ends_where_it_did()
    {
        using var overlay = new OverlayUnderTest(Image).Change("echo 1234567890 > home/cut; echo grow > home/grow");
        foreach (var (script, isCut) in ((string, bool)[])[("echo more >> home/grow", false), (": > home/cut", true)])
        {
            var file = Path.Combine(overlay.Root, "..", Path.GetRandomFileName());
            var work = Directory.CreateDirectory(Path.Combine(overlay.Root, "..", Path.GetRandomFileName())).FullName;
            var (walk, owners, lower, upper) = await overlay.WalkAsync(work, [], [], mustStand: true);
            using (lower)
            using (upper)
            {
                // The change comes between the look at the first file and its copy.
                var changes = walk.Changes().Select(change =>
                {
                    if (change.Path.AsSpan().SequenceEqual(isCut ? "home/cut"u8 : "home/grow"u8))
                    {
                        overlay.Change(script);
                    }

                    return change;
                });
                PackedLayer? Pack() => LayerPacking.Pack(changes, owners, () => new LayerBlobWriting(file, 1 << 30, new DiskReserve(work), Now));
                if (isCut)
                {
                    Assert.Equal(ErrorCode.Conflict, Assert.Throws<SandboxException>(Pack).Code);
                }
                else
                {
                    Assert.NotNull(Pack());
                    Assert.Equal("grow\n", await File.ReadAllTextAsync(Path.Combine(overlay.Launch(file), "home/grow"), Now));
                }
            }
        }
    }

    private static long Blocks(string path) => Linux.SparseCopy.AllocatedBytes(path);
}
