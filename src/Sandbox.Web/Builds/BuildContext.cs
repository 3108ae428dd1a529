using System.Formats.Tar;
using System.Text;
using Sandbox.Core.Errors;
using Sandbox.Core.Execs;
using Sandbox.Core.Recipes;
using Sandbox.Web.Errands;
using Sandbox.Web.Playgrounds;
using Sandbox.Web.Repositories;

namespace Sandbox.Web.Builds;

/// <summary>Where the files of a build come from.</summary>
internal abstract record BuildContext
{
    private static readonly TimeSpan Quick = TimeSpan.FromMinutes(1);

    /// <summary>The context of a recipe's build.</summary>
    public static BuildContext Of(RecipeBuild build) => build.Url is { } url ? new Repository(url, build.Ref, build.Context, build.Dockerfile) : new Files(build.Files);

    /// <summary>Brings the files into a sandbox. Returns the commit of a repository, and null for other files. Codes: Invalid, TooLarge, DiskFull, and those of fetching a repository.</summary>
    public abstract Task<string?> PlaceAsync(ErrandSandbox sandbox, BuildOptions options, CancellationToken cancellationToken);

    /// <summary>A Dockerfile alone.</summary>
    internal sealed record Dockerfile(IAsyncEnumerable<ReadOnlyMemory<byte>> Content) : BuildContext
    {
        public override async Task<string?> PlaceAsync(ErrandSandbox sandbox, BuildOptions options, CancellationToken cancellationToken)
        {
            await sandbox.WriteAsync($"{BuildCommands.Context}/{nameof(Dockerfile)}", Content, cancellationToken);
            return null;
        }
    }

    /// <summary>A tar, compressed or not.</summary>
    internal sealed record Archive(IAsyncEnumerable<ReadOnlyMemory<byte>> Content) : BuildContext
    {
        public override async Task<string?> PlaceAsync(ErrandSandbox sandbox, BuildOptions options, CancellationToken cancellationToken)
        {
            await sandbox.WriteAsync(BuildCommands.ContextFile, Content, cancellationToken);
            if (await sandbox.RunAsync(BuildCommands.Unpack, default, TimeSpan.FromMinutes(options.Minutes), cancellationToken) is { ExitCode: not 0 } refused)
            {
                var cause = Encoding.UTF8.GetString(refused.Stdout.Span).Trim();
                throw cause.Contains("No space left", StringComparison.Ordinal) ? Full() : new SandboxException(ErrorCode.Invalid, $"The context is no tar that can be unpacked: {cause}");
            }

            return null;
        }
    }

    /// <summary>Files of a recipe.</summary>
    internal sealed record Files(IReadOnlyList<RecipeFile> All) : BuildContext
    {
        public override Task<string?> PlaceAsync(ErrandSandbox sandbox, BuildOptions options, CancellationToken cancellationToken) =>
            new Archive(PackAsync()).PlaceAsync(sandbox, options, cancellationToken);

        private async IAsyncEnumerable<ReadOnlyMemory<byte>> PackAsync()
        {
            using var bytes = new MemoryStream();
            await using (var tar = new TarWriter(bytes, TarEntryFormat.Pax, leaveOpen: true))
            {
                foreach (var file in All)
                {
                    var mode = RecipeRules.TryParseMode(file.Mode, out var given) ? (UnixFileMode)given : UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
                    await tar.WriteEntryAsync(new PaxTarEntry(TarEntryType.RegularFile, file.Path) { Mode = mode, DataStream = new MemoryStream(file.Content) });
                }
            }

            yield return bytes.ToArray();
        }
    }

    /// <summary>A commit of a git repository, fetched and checked out in the sandbox.</summary>
    internal sealed record Repository(string Url, string? Ref, string? Folder, string? File) : BuildContext
    {
        private string Host => new Uri(Url).Authority;

        public override async Task<string?> PlaceAsync(ErrandSandbox sandbox, BuildOptions options, CancellationToken cancellationToken)
        {
            await RunAsync(sandbox, GitCommand.Of("init", "--quiet", "--bare", "--", BuildCommands.Repository), Quick, cancellationToken);
            await RunAsync(sandbox, GitCommand.Of("-C", BuildCommands.Repository, "remote", "add", "origin", Url), Quick, cancellationToken);
            await FetchAsync(sandbox, options, cancellationToken);
            var commit = (await RunAsync(sandbox, GitCommand.Of("-C", BuildCommands.Repository, "rev-parse", "--verify", "--end-of-options", "FETCH_HEAD^{commit}"), Quick, cancellationToken)).Trim();
            if (Folder is not null && Encoding.UTF8.GetString((await sandbox.RunAsync(GitCommand.Of("-C", BuildCommands.Repository, "cat-file", "-t", $"{commit}:{Folder}"), default, Quick, cancellationToken)).Stdout.Span).Trim() != "tree")
            {
                throw new SandboxException(ErrorCode.NotFound, $"The repository has no folder '{Folder}'.");
            }

            var paths = new[] { Folder ?? ".", File }.OfType<string>().ToArray();
            string[] listing = ["--literal-pathspecs", "-C", BuildCommands.Repository, "ls-tree", "-r", "-l", "--full-tree", commit, "--", .. Folder is null ? Array.Empty<string>() : paths];
            var size = await RunAsync(sandbox, BuildCommands.Measured(GitCommand.Of(listing)), Quick, cancellationToken);
            if (!long.TryParse(size, System.Globalization.CultureInfo.InvariantCulture, out var bytes) || bytes > options.ContextBytes)
            {
                throw TooLarge(options);
            }

            await CheckOutAsync(sandbox, commit, paths, options, cancellationToken);
            return commit;
        }

        /// <summary>The limit is that of the pack, which git writes as it comes: a host that sends more is cut off.</summary>
        private async Task FetchAsync(ErrandSandbox sandbox, BuildOptions options, CancellationToken cancellationToken)
        {
            var timeout = TimeSpan.FromMinutes(options.Minutes);
            var fetch = GitCommand.Of("-C", BuildCommands.Repository, "fetch", "--no-tags", "--depth", "1", "--no-recurse-submodules", "origin", Ref ?? "HEAD");
            var result = await sandbox.RunAsync(BuildCommands.Bounded(options.ContextBytes, fetch), default, timeout, cancellationToken);
            var said = Encoding.UTF8.GetString(result.Stderr.Span);
            if (result.ExitCode != 0 && (said.Contains("died of signal 25", StringComparison.Ordinal) || said.Contains("File too large", StringComparison.Ordinal)))
            {
                throw TooLarge(options);
            }

            Require(result, timeout);
        }

        private async Task CheckOutAsync(ErrandSandbox sandbox, string commit, string[] paths, BuildOptions options, CancellationToken cancellationToken)
        {
            // The work tree has no .git of its own: it is no part of the context.
            var timeout = TimeSpan.FromMinutes(options.Minutes);
            string[] checkout = ["--literal-pathspecs", $"--git-dir={BuildCommands.Repository}", $"--work-tree={BuildCommands.Context}", "-C", BuildCommands.Context, "-c", "core.bare=false", "-c", "core.autocrlf=false", "checkout", "--quiet", "--no-recurse-submodules", commit, "--", .. paths];
            var result = await sandbox.RunAsync(GitCommand.Of(checkout), default, timeout, cancellationToken);
            var said = Encoding.UTF8.GetString(result.Stderr.Span);
            if (result.ExitCode != 0 && said.Contains("did not match any file", StringComparison.Ordinal))
            {
                throw new SandboxException(ErrorCode.Invalid, paths.Length == 1 ? "The repository is empty." : $"The repository has no file {File}.");
            }

            if (result.ExitCode != 0 && (said.Contains("No space left", StringComparison.Ordinal) || said.Contains("quota exceeded", StringComparison.Ordinal)))
            {
                throw Full();
            }

            Require(result, timeout);
            await sandbox.RunAsync(["rm", "-rf", BuildCommands.Repository], default, Quick, cancellationToken);
        }

        private async Task<string> RunAsync(ErrandSandbox sandbox, IReadOnlyList<string> command, TimeSpan timeout, CancellationToken cancellationToken)
        {
            var result = await sandbox.RunAsync(command, default, timeout, cancellationToken);
            Require(result, timeout);
            return Encoding.UTF8.GetString(result.Stdout.Span);
        }

        private void Require(ExecResult result, TimeSpan timeout)
        {
            if (result.ExitCode != 0 || result.IsTimedOut)
            {
                throw GitFaults.Of(result, Host, Ref ?? "HEAD", (int)timeout.TotalSeconds);
            }
        }

        private SandboxException TooLarge(BuildOptions options) => new(ErrorCode.TooLarge, $"The context at {Url} has more than the {options.ContextMiB} MiB that a build may have.");
    }

    private static SandboxException Full() => new(ErrorCode.DiskFull, "The context does not fit on the disk of your plan.");
}
