using System.Collections.Concurrent;
using System.Text;
using Sandbox.Core.Errors;
using Sandbox.Core.Ids;
using Sandbox.Core.Networks;
using Sandbox.Core.People;
using Sandbox.Core.Runtime;
using Sandbox.Recipes.Dockerfiles;
using Sandbox.Recipes.Problems;
using Sandbox.Web.Catalog;
using Sandbox.Web.Errands;

namespace Sandbox.Web.Builds;

/// <summary>
/// Builds images of Dockerfiles, each in a sandbox of its person, which ends with the build. What is built is in the store
/// only when it is in its owner's list: a build that is cut off at any point leaves nothing.
/// </summary>
internal sealed class ImageBuilds(ErrandSandboxes sandboxes, LayerCache layers, ImageCatalog catalog, PersonImages images, OwnImages own, ImageUse use, ISandboxRuntime runtime, WebOptions options, TimeProvider time)
{
    /// <summary>The most bytes of a Dockerfile.</summary>
    public const int MaxDockerfile = 1024 * 1024;

    private static readonly string[] Names = ["Dockerfile", "Containerfile"];
    private static readonly TimeSpan Quick = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<string, (PersonId Owner, CancellationTokenSource Stop)> _running = new(StringComparer.Ordinal);

    /// <summary>
    /// Takes a context into a sandbox and reads its Dockerfile. Codes: Quota, Capacity, Conflict (the name is the catalog's, or an
    /// image is still being made), TooLarge, DiskFull, Invalid (no archive, no Dockerfile) and those of fetching a repository.
    /// </summary>
    /// <param name="owner">Whose sandbox, and whose image.</param>
    /// <param name="order">What to build.</param>
    /// <param name="context">The files.</param>
    /// <param name="network">What the sandbox's network reaches.</param>
    /// <param name="cancellationToken">Ends the build.</param>
    public async Task<ImageBuild> PrepareAsync(PersonId owner, BuildOrder order, BuildContext context, NetworkPolicy network, CancellationToken cancellationToken)
    {
        if (catalog.Offers(order.Name))
        {
            throw new SandboxException(ErrorCode.Conflict, $"The catalog has an image {order.Name}. Choose another name.");
        }

        var until = time.GetUtcNow().AddMinutes(options.Builds.Minutes);
        var errand = new Errand("builder", options.Builds.Image, "images are built") { Until = until + Quick, Network = network };
        var (sandbox, leave, note) = order.UsesCache ? await layers.OpenAsync(owner, errand, cancellationToken) : new LayerCache.Builder(await sandboxes.OpenAsync(owner, errand, cancellationToken), null, null);
        var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        try
        {
            stop.CancelAfter(TimeSpan.FromMinutes(options.Builds.Minutes));
            await sandbox.RunAsync(BuildCommands.Prepare, default, Quick, stop.Token);
            order = order.At(await context.PlaceAsync(sandbox, options.Builds, stop.Token));
            var (path, text) = await ReadAsync(sandbox, order, stop.Token);
            var problems = new ProblemLog();
            var file = DockerfileReader.Read(text, path, WithPlatform(order.Args), order.Target, problems);
            if (file is not null && DockerfileReader.WithoutLink(text, file) is var plain && plain != text)
            {
                await sandbox.WriteAsync($"{BuildCommands.Context}/{path}", Once(plain), stop.Token);
            }

            var id = IdText.Random();
            _running[id] = (owner, stop);
            return new ImageBuild(id, owner, order, sandbox, stop, new ImageBuildParts(images, catalog, own, use, runtime, options.Builds), () => _running.TryRemove(id, out _))
            {
                LeaveCache = leave,
                CacheNote = note,
                Path = path,
                File = file,
                Problems = problems.All,
            };
        }
        catch (Exception fault)
        {
            try
            {
                await sandbox.DisposeAsync();
            }
            finally
            {
                leave?.Invoke();
            }

            var isLate = stop.IsCancellationRequested && !cancellationToken.IsCancellationRequested;
            stop.Dispose();
            if (fault is OperationCanceledException && isLate)
            {
                throw ImageBuild.TooLong(options.Builds);
            }

            throw;
        }
    }

    /// <summary>Ends a person's build. Code: NotFound.</summary>
    public async Task CancelAsync(PersonId owner, string id)
    {
        if (!_running.TryGetValue(id, out var running) || running.Owner != owner)
        {
            throw new SandboxException(ErrorCode.NotFound, "You have no such build.");
        }

        try
        {
            await running.Stop.CancelAsync();
        }
        catch (ObjectDisposedException)
        {
            // It ended at this very moment.
        }
    }

    private static async Task<(string Path, string Text)> ReadAsync(ErrandSandbox sandbox, BuildOrder order, CancellationToken cancellationToken)
    {
        foreach (var path in order.Dockerfile is { } named ? [named] : Names.Select(name => order.Context is null ? name : $"{order.Context}/{name}"))
        {
            try
            {
                var bytes = await sandbox.ReadAsync($"{BuildCommands.Context}/{path}", MaxDockerfile + 1, cancellationToken);
                return bytes.Length <= MaxDockerfile
                    ? (path, Encoding.UTF8.GetString(bytes))
                    : throw new SandboxException(ErrorCode.TooLarge, $"{path} has more than {MaxDockerfile >> 10} KiB.");
            }
            catch (SandboxException fault) when (fault.Code == ErrorCode.NotFound)
            {
                // The next name, or the refusal below.
            }
        }

        var there = await sandbox.RunAsync(BuildCommands.List(order.Context), default, Quick, cancellationToken);
        var names = Encoding.UTF8.GetString(there.Stdout.Span).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        throw new SandboxException(ErrorCode.Invalid, $"The context has no file {order.Dockerfile ?? Names[0]}; {(names.Length == 0 ? "it is empty" : $"it has {string.Join(", ", names)}")}.");
    }

    /// <summary>The arguments that every Dockerfile may use before its first FROM.</summary>
    private static Dictionary<string, string> WithPlatform(IReadOnlyDictionary<string, string> args)
    {
        var architecture = System.Runtime.InteropServices.RuntimeInformation.OSArchitecture == System.Runtime.InteropServices.Architecture.Arm64 ? "arm64" : "amd64";
        var all = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var side in new[] { "BUILD", "TARGET" })
        {
            (all[$"{side}PLATFORM"], all[$"{side}OS"], all[$"{side}ARCH"]) = ($"linux/{architecture}", "linux", architecture);
        }

        foreach (var (name, value) in args)
        {
            all[name] = value;
        }

        return all;
    }

#pragma warning disable CS1998 // One piece, and nothing to wait for.
    private static async IAsyncEnumerable<ReadOnlyMemory<byte>> Once(string text)
#pragma warning restore CS1998
    {
        yield return Encoding.UTF8.GetBytes(text);
    }
}
