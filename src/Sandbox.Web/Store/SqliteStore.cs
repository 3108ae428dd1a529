using Microsoft.EntityFrameworkCore;

namespace Sandbox.Web.Store;

/// <summary>
/// The way to the database. Readers run side by side (WAL); writers queue here rather than in SQLite, where a busy
/// writer sleeps on a thread.
/// </summary>
internal sealed class SqliteStore(IDbContextFactory<SandboxDb> contexts) : IDisposable
{
    private readonly SemaphoreSlim _writer = new(1, 1);

    public async Task<T> ReadAsync<T>(Func<SandboxDb, Task<T>> read)
    {
        await using var db = contexts.CreateDbContext();
        return await read(db);
    }

    /// <summary>One transaction, begun as a writer (BEGIN IMMEDIATE): what it reads stays true until it commits. It is not cancelled half-way.</summary>
    public async Task<T> WriteAsync<T>(Func<SandboxDb, Task<T>> write)
    {
        await _writer.WaitAsync();
        try
        {
            await using var db = contexts.CreateDbContext();
            await using var transaction = await db.Database.BeginTransactionAsync();
            var result = await write(db);
            await db.SaveChangesAsync();
            await transaction.CommitAsync();
            return result;
        }
        finally
        {
            _writer.Release();
        }
    }

    public void Dispose() => _writer.Dispose();
}
