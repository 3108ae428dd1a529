using System.Text;
using System.Threading.Channels;
using Sandbox.Core.Errors;
using Sandbox.Core.Files;
using Sandbox.Daemon.Files;
using Sandbox.Daemon.Linux;
using Xunit;

namespace Sandbox.Daemon.Tests.Files;

public sealed class SandboxUploadsTests : IDisposable
{
    private const uint UidBase = 1_879_048_192;
    private readonly HostileTree _tree = new();
    private readonly string _records = Directory.CreateTempSubdirectory("sandbox-uploads-").FullName;
    private SandboxUploads _uploads;

    public SandboxUploadsTests() => _uploads = new SandboxUploads(_records);

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _tree.Dispose();
        Directory.Delete(_records, recursive: true);
    }

    [Fact]
    public async Task A_daemon_that_was_killed_goes_on_where_the_other_stopped()
    {
        _tree.MountOverlay("true");
        var upload = await BeginAsync("/dir/file", 10, 0b111_101_000);
        await ContinueAsync(upload.Id, 0, "12345");
        Restart();

        Assert.Equal(5, (await FindAsync(upload.Id))!.Offset);
        Assert.Equal(10, (await ContinueAsync(upload.Id, 5, "67890")).Offset);

        Assert.Equal("1234567890", await File.ReadAllTextAsync(_tree.At("dir/file"), Cancelled));
        using var root = RootedDirectory.Open(_tree.Root);
        var status = root.Find("dir/file"u8, followLast: false)!.Value;
        Assert.Equal((UidBase, UidBase, 0b111_101_000), (status.Uid, status.Gid, status.Mode));
        Assert.Equal(["file"], Names("dir"));
        Assert.Empty(Directory.GetFiles(_records));
    }

    [Fact]
    public async Task A_daemon_that_was_killed_before_the_last_step_takes_it_when_asked()
    {
        var upload = await BeginAsync("/file", 4);
        await ContinueAsync(upload.Id, 0, "123");
        await File.AppendAllTextAsync(Part(upload.Id), "4", Cancelled); // as the daemon wrote it before it died
        Restart();

        Assert.Equal(4, (await FindAsync(upload.Id))!.Offset);

        Assert.Equal("1234", await File.ReadAllTextAsync(_tree.At("file"), Cancelled));
        Assert.Equal(["file"], Names(""));
    }

    [Fact]
    public async Task What_arrived_is_out_of_the_sandbox_s_reach_until_it_is_whole()
    {
        var upload = await BeginAsync("/file", 4);
        await ContinueAsync(upload.Id, 0, "12");

        // Root of a sandbox is the first of its own uids: a stranger to this file.
        var mode = File.GetUnixFileMode(Part(upload.Id));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, mode);
        using var root = RootedDirectory.Open(_tree.Root);
        Assert.Equal(0u, root.Find(Encoding.ASCII.GetBytes(Path.GetFileName(Part(upload.Id))), followLast: false)!.Value.Uid);
    }

    [Theory]
    [InlineData("rm .x.part")]
    [InlineData("rm .x.part; ln -s ../outside/secret .x.part")]
    [InlineData("rm .x.part; ln -s /etc/passwd .x.part")]
    [InlineData("rm .x.part; mkfifo .x.part")]
    [InlineData("rm .x.part; mkdir .x.part")]
    [InlineData("mv .x.part moved; cp moved .x.part")]
    [InlineData("mv .x.part moved; cp moved .x.part; chown 1879048192 .x.part")]
    [InlineData("ln .x.part second")]
    [InlineData("mv .x.part moved; mv .y.part .x.part")]
    [InlineData("cd ..; mv root was; mkdir root; mv was/.y.part root")]
    public async Task What_the_sandbox_put_in_its_place_is_not_touched(string attack)
    {
        var upload = await BeginAsync("/file", 4);
        var other = await BeginAsync("/other", 4);
        await ContinueAsync(upload.Id, 0, "12");
        await ContinueAsync(other.Id, 0, "ab");
        _tree.Run(attack.Replace(".x.part", $".{upload.Id}.part", StringComparison.Ordinal).Replace(".y.part", $".{other.Id}.part", StringComparison.Ordinal));

        await FailsAsync(ErrorCode.Conflict, () => ContinueAsync(upload.Id, 2, "34"));
        await FailsAsync(ErrorCode.Conflict, () => FindAsync(upload.Id));
        Assert.False(File.Exists(_tree.At("file")));
        _tree.AssertOutsideUntouched();

        await CancelAsync(upload.Id);
        Assert.Null(await FindAsync(upload.Id));
        _tree.AssertOutsideUntouched();
    }

    [Fact]
    public async Task A_part_swapped_while_it_is_written_never_appears()
    {
        _tree.Run("echo mine > mine");
        var upload = await BeginAsync("/file", 4);

        await FailsAsync(ErrorCode.Conflict, () => _uploads.ContinueAsync(_tree.Root, UidBase, upload.Id, 0, Swapping(), Cancelled));

        Assert.False(File.Exists(_tree.At("file")));

        async IAsyncEnumerable<ReadOnlyMemory<byte>> Swapping()
        {
            await Task.Yield();
            yield return "12"u8.ToArray();
            Assert.True(Exchange.Names(Part(upload.Id), _tree.At("mine")));
            yield return "34"u8.ToArray();
        }
    }

    [Fact]
    public async Task A_link_put_where_the_file_goes_is_replaced_not_followed()
    {
        var upload = await BeginAsync("/file", 2);
        File.CreateSymbolicLink(_tree.At("file"), _tree.Secret);

        await ContinueAsync(upload.Id, 0, "12");

        Assert.Null(new FileInfo(_tree.At("file")).LinkTarget);
        Assert.Equal("12", await File.ReadAllTextAsync(_tree.At("file"), Cancelled));
        _tree.AssertOutsideUntouched();
    }

    [Fact]
    public async Task A_directory_of_links_leads_nowhere_else()
    {
        _tree.Run($"mkdir real; ln -s real way; ln -s '{_tree.Outside}' out");
        await FailsAsync(ErrorCode.NotFound, () => BeginAsync("/out/file", 1));
        var upload = await BeginAsync("/way/file", 2);
        Assert.Single(Names("real"));
        _tree.Run($"rm way; ln -s '{_tree.Outside}' way");

        await FailsAsync(ErrorCode.Conflict, () => ContinueAsync(upload.Id, 0, "12"));
        _tree.AssertOutsideUntouched();
    }

    [Fact]
    public async Task A_directory_in_the_way_at_the_end_is_told()
    {
        var upload = await BeginAsync("/file", 2);
        _tree.Run("mkdir file");

        await FailsAsync(ErrorCode.Invalid, () => ContinueAsync(upload.Id, 0, "12"));
        await CancelAsync(upload.Id);

        Assert.Equal(["file"], Names(""));
    }

    [Fact]
    public async Task What_cannot_fit_is_refused_at_the_beginning_with_what_is_free()
    {
        _tree.MountSmall("size=1m");

        var refused = await Assert.ThrowsAsync<SandboxException>(() => BeginAsync("/file", 12_000_000));

        Assert.Equal(ErrorCode.DiskFull, refused.Code);
        Assert.Contains("12 MB needed, 1 MB free", refused.Message, StringComparison.Ordinal);
        Assert.Empty(Names(""));

        // What another upload has yet to send is spoken for.
        var first = await BeginAsync("/first", 700_000);
        await FailsAsync(ErrorCode.DiskFull, () => BeginAsync("/second", 700_000));
        await CancelAsync(first.Id);
        await BeginAsync("/second", 700_000);
    }

    [Fact]
    public async Task A_disk_that_fills_up_meanwhile_keeps_what_arrived()
    {
        _tree.MountSmall("size=1m");
        var upload = await BeginAsync("/file", 800_000);
        await ContinueAsync(upload.Id, 0, new string('x', 100_000));
        _tree.Run("head -c 500000 /dev/zero > fill");

        var full = await Assert.ThrowsAsync<SandboxException>(() => ContinueAsync(upload.Id, 100_000, new string('y', 700_000)));

        Assert.Equal(ErrorCode.DiskFull, full.Code);
        Assert.Contains("free", full.Message, StringComparison.Ordinal);
        _tree.Run("rm fill");
        var offset = (int)(await FindAsync(upload.Id))!.Offset;
        Assert.InRange(offset, 100_000, 700_000);
        Assert.Equal(800_000, (await ContinueAsync(upload.Id, offset, new string('y', 800_000 - offset))).Offset);
        Assert.Equal(new string('x', 100_000) + new string('y', 700_000), await File.ReadAllTextAsync(_tree.At("file"), Cancelled));
    }

    [Fact]
    public async Task A_disk_without_inodes_says_so()
    {
        _tree.MountSmall("size=1m,nr_inodes=3");
        _tree.Run("touch 1 2");

        var full = await Assert.ThrowsAsync<SandboxException>(() => BeginAsync("/file", 1));

        Assert.Equal(ErrorCode.DiskFull, full.Code);
        Assert.Contains("as many files as it can", full.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_nobody_continues_is_swept_and_what_somebody_does_is_not()
    {
        var upload = await BeginAsync("/file", 4);
        var busy = await BeginAsync("/busy", 4);
        var slow = Channel.CreateUnbounded<ReadOnlyMemory<byte>>();
        var sending = _uploads.ContinueAsync(_tree.Root, UidBase, busy.Id, 0, slow.Reader.ReadAllAsync(Cancelled), Cancelled);
        var now = DateTimeOffset.UtcNow;

        _uploads.Sweep(_tree.Root, now + UploadSpec.Patience - TimeSpan.FromMinutes(1));
        Assert.NotNull(await FindAsync(upload.Id));
        _uploads.Sweep(_tree.Root, now + UploadSpec.Patience + TimeSpan.FromMinutes(1));

        Assert.Null(await FindAsync(upload.Id));
        Assert.Equal([$".{busy.Id}.part"], Names(""));
        await slow.Writer.WriteAsync("1234"u8.ToArray(), Cancelled);
        slow.Writer.Complete();
        await sending;
        Assert.Equal(["busy"], Names(""));
    }

    private static SandboxPath Sandboxed(string text) => SandboxPath.TryParse(text, out var path) ? path : throw new ArgumentException(text, nameof(text));

    private static async Task FailsAsync(ErrorCode code, Func<Task> call) => Assert.Equal(code, (await Assert.ThrowsAsync<SandboxException>(call)).Code);

    private static async IAsyncEnumerable<ReadOnlyMemory<byte>> Content(string text)
    {
        foreach (var chunk in Encoding.UTF8.GetBytes(text).Chunk(60_000))
        {
            await Task.Yield();
            yield return chunk;
        }
    }

    private void Restart() => _uploads = new SandboxUploads(_records);

    private string Part(UploadId id) => _tree.At($".{id}.part");

    private string[] Names(string directory) => [.. new DirectoryInfo(_tree.At(directory)).GetFileSystemInfos().Select(info => info.Name).Order(StringComparer.Ordinal)];

    private Task<UploadInfo> BeginAsync(string path, long length, int? mode = null) =>
        _uploads.BeginAsync(_tree.Root, FileOwner.RootOf(UidBase), new UploadSpec { Id = UploadId.New(), Path = Sandboxed(path), Length = length, Mode = mode }, Cancelled);

    private Task<UploadInfo?> FindAsync(UploadId id) => _uploads.FindAsync(_tree.Root, UidBase, id, Cancelled);

    private Task<UploadInfo> ContinueAsync(UploadId id, long offset, string text) =>
        _uploads.ContinueAsync(_tree.Root, UidBase, id, offset, Content(text), Cancelled);

    private Task CancelAsync(UploadId id) => _uploads.CancelAsync(_tree.Root, id, Cancelled);
}
