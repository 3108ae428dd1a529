using Microsoft.Extensions.Logging.Abstractions;
using Sandbox.Core.Errors;
using Sandbox.Core.Images;
using Sandbox.Daemon.Capacity;
using Sandbox.Daemon.Images;
using Sandbox.Daemon.Linux;
using Xunit;

namespace Sandbox.Daemon.Tests.Images;

/// <summary>A real store in a directory of its own, beside a file that no image may touch.</summary>
internal sealed class StoreUnderTest : IAsyncDisposable
{
    private const string Untouched = "untouched\n";
    private readonly ProcessWatch _watch = new();
    private ImageStore? _store;

    private StoreUnderTest() => Tool = new Tool(_watch);

    public string Directory { get; } = System.IO.Directory.CreateTempSubdirectory("images-").FullName;

    public DaemonOptions Options { get; private init; } = new();

    public Tool Tool { get; }

    public string Outside => Path.Combine(Directory, "outside");

    public string RecipeDirectory => Path.Combine(Directory, "recipes");

    public ImageStore Store => _store!;

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    public static async Task<StoreUnderTest> OpenAsync(long maxImageBytes = 256 << 20, string? extraCaFile = null)
    {
        var test = new StoreUnderTest();
        test = new StoreUnderTest(test, new DaemonOptions
        {
            DataDirectory = Path.Combine(test.Directory, "data"),
            RegistryDirectory = Path.Combine(test.Directory, "registry"),
            OwnRegistryDirectory = Path.Combine(test.Directory, "registry-own"),
            RunDirectory = Path.Combine(test.Directory, "run"),
            RecipeDirectory = test.RecipeDirectory,
            MaxImageBytes = maxImageBytes,
            ExtraCaFile = extraCaFile,
        });
        System.IO.Directory.CreateDirectory(test.RecipeDirectory);
        await File.WriteAllTextAsync(test.Outside, Untouched, Now);
        await test.ReopenAsync();
        return test;
    }

    private StoreUnderTest(StoreUnderTest first, DaemonOptions options)
        : this()
    {
        System.IO.Directory.Delete(Directory);
        Directory = first.Directory;
        Options = options;
        first._watch.Dispose();
    }

    public async Task ReopenAsync()
    {
        if (_store is not null)
        {
            await _store.DisposeAsync();
        }

        System.IO.Directory.CreateDirectory(Options.DataDirectory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute); // as the daemon does first of all
        _store = new ImageStore(Options, new Reserves(Options), Tool, NullLogger<ImageStore>.Instance);
        await _store.OpenAsync(Now);
    }

    public Task<StoredImage> AddAsync(ImageBuilder image) => AddAsync(Oci(image.OciArchive()));

    public async Task<StoredImage> AddAsync(ImageSource source)
    {
        var last = new ImageProgress(0, "");
        await foreach (var progress in Store.AddAsync(source, Now))
        {
            Assert.True(progress.Percent >= last.Percent, $"{progress.Percent} after {last.Percent}");
            last = progress;
        }

        Assert.Equal(100, last.Percent);
        return last.Image!;
    }

    /// <summary>Asserts that a source is refused, and that nothing at all came of it.</summary>
    public async Task<SandboxException> RefusesAsync(ErrorCode code, ImageSource source)
    {
        var before = Inventory();
        var fault = await Assert.ThrowsAsync<SandboxException>(() => AddAsync(source));
        Assert.Equal(code, fault.Code);
        Assert.DoesNotContain(Directory, fault.Message, StringComparison.Ordinal);
        Assert.Equal(before, Inventory());
        Assert.Equal(Untouched, await File.ReadAllTextAsync(Outside, Now));
        return fault;
    }

    /// <summary>Every name in the store and around it, as far as .NET can say it.</summary>
    public IReadOnlyList<string> Inventory() =>
        [.. Store.List().Select(image => image.Digest.Value).Order(StringComparer.Ordinal),
            .. System.IO.Directory.EnumerateFileSystemEntries(Directory, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal)];

    public static ImageSource Oci(byte[] archive) => new ImageSource.Archive(ArchiveKind.Oci, Chunks(archive));

    public static ImageSource Docker(byte[] archive) => new ImageSource.Archive(ArchiveKind.Docker, Chunks(archive));

    public static async IAsyncEnumerable<ReadOnlyMemory<byte>> Chunks(byte[] bytes)
    {
        for (var offset = 0; offset < bytes.Length; offset += 10_000)
        {
            await Task.Yield();
            yield return bytes.AsMemory(offset, Math.Min(10_000, bytes.Length - offset));
        }
    }

    /// <summary>Runs a program over the image, mounted as a sandbox would see it.</summary>
    public async Task<string> InsideAsync(Digest digest, string script)
    {
        using var image = Store.Acquire(digest);
        var work = System.IO.Directory.CreateDirectory(Path.Combine(Directory, "mounted-" + Path.GetRandomFileName())).FullName;
        foreach (var name in (string[])["root", "upper", "work"])
        {
            System.IO.Directory.CreateDirectory(Path.Combine(work, name));
        }

        var root = Path.Combine(work, "root");
        Mounting.Mount("overlay", root, "overlay", 0, $"lowerdir={string.Join(':', image.Layers)},upperdir={work}/upper,workdir={work}/work");
        try
        {
            return (await Tool.RunOrThrowAsync("sh", ["-c", $"cd '{root}' && {script}"], cancellationToken: Now)).Text;
        }
        finally
        {
            Mounting.Unmount(root);
            System.IO.Directory.Delete(work, recursive: true);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Store.DisposeAsync();
        await Tool.RunOrThrowAsync("rm", ["-rf", "--one-file-system", "--", Directory]);
    }
}
