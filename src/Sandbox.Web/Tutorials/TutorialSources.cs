using Microsoft.EntityFrameworkCore;
using Sandbox.Core.Errors;
using Sandbox.Tutorials.Sources;
using Sandbox.Web.Store;

namespace Sandbox.Web.Tutorials;

/// <summary>An archive that was written and that no row names yet. It is deleted unless it is kept.</summary>
internal sealed record StagedSource(string File, string Hash, long Size) : IDisposable
{
    public void Dispose() => System.IO.File.Delete(File);
}

/// <summary>
/// The sources of tutorials, each a file named by its hash. A row is written after its file is in place, and a file goes
/// after its row: whatever is interrupted leaves at most a file too many, which the next start deletes.
/// </summary>
internal sealed class TutorialSources(SqliteStore store, WebOptions options, TimeProvider time) : IDisposable
{
    // A file that is being kept is not deleted as one that no row names.
    private readonly SemaphoreSlim _changing = new(1, 1);

    private string Home => Path.Combine(options.DataDirectory, "tutorials");

    public void Dispose() => _changing.Dispose();

    /// <summary>Writes the archive of a source. Codes: TooLarge, DiskFull.</summary>
    public StagedSource Stage(TutorialSource source, Func<string, bool> keeps)
    {
        Directory.CreateDirectory(Home);
        var file = Path.Combine(Home, $"{Guid.NewGuid():n}.new");
        try
        {
            using var to = new FileStream(file, FileMode.CreateNew, FileAccess.ReadWrite);
            var hash = TutorialArchive.Write(source, keeps, to);
            to.Flush(flushToDisk: true);
            return new StagedSource(file, hash, to.Length);
        }
        catch (IOException full) when (full is not FileNotFoundException)
        {
            File.Delete(file);
            throw new SandboxException(ErrorCode.DiskFull, "The server's disk is full.", full);
        }
        catch
        {
            File.Delete(file);
            throw;
        }
    }

    /// <summary>Puts the archive in place and writes its row with what else the transaction writes. What that refuses leaves nothing.</summary>
    public async Task<T> KeepAsync<T>(StagedSource staged, Func<SandboxDb, Task<T>> write)
    {
        await _changing.WaitAsync();
        try
        {
            var file = FileOf(staged.Hash);
            var isNew = !File.Exists(file);
            if (isNew)
            {
                File.Move(staged.File, file);
            }

            try
            {
                return await store.WriteAsync(async db =>
                {
                    if (!await db.TutorialSources.AnyAsync(row => row.Hash == staged.Hash))
                    {
                        db.TutorialSources.Add(new TutorialSourceRow { Hash = staged.Hash, Size = staged.Size, CreatedAt = time.GetUtcNow() });
                        await db.SaveChangesAsync();
                    }

                    return await write(db);
                });
            }
            catch when (isNew)
            {
                File.Delete(file);
                throw;
            }
        }
        finally
        {
            _changing.Release();
        }
    }

    /// <summary>Opens the archive of a source. Code: NotFound.</summary>
    public TutorialSource Open(string hash)
    {
        try
        {
            return ZipSource.Open(new FileStream(FileOf(hash), FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete), hash);
        }
        catch (IOException gone)
        {
            throw new SandboxException(ErrorCode.NotFound, "The files of this tutorial are no longer on the server.", gone);
        }
    }

    /// <summary>Deletes the sources that neither a tutorial nor a run needs, and files that no row names.</summary>
    public async Task SweepAsync()
    {
        await _changing.WaitAsync();
        try
        {
            var kept = await store.WriteAsync(async db =>
            {
                await db.TutorialSources
                    .Where(row => !db.Tutorials.Any(tutorial => tutorial.SourceHash == row.Hash) && !db.TutorialRuns.Any(run => run.SourceHash == row.Hash))
                    .ExecuteDeleteAsync();
                return (await db.TutorialSources.Select(row => row.Hash).ToListAsync()).ToHashSet(StringComparer.Ordinal);
            });
            if (!Directory.Exists(Home))
            {
                return;
            }

            // A file that is being written is younger than any that was left.
            var left = time.GetUtcNow().UtcDateTime.AddHours(-1);
            foreach (var file in Directory.EnumerateFiles(Home))
            {
                var name = Path.GetFileNameWithoutExtension(file);
                if (file.EndsWith(".new", StringComparison.Ordinal) ? File.GetLastWriteTimeUtc(file) < left : !kept.Contains(name))
                {
                    File.Delete(file);
                }
            }
        }
        finally
        {
            _changing.Release();
        }
    }

    private string FileOf(string hash) => Path.Combine(Home, hash + ".zip");
}
