using System.Data.Common;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Sandbox.Core.Quotas;

namespace Sandbox.Web.Store;

internal static class StoreSetup
{
    public static void AddStore(this IServiceCollection services)
    {
        services.AddPooledDbContextFactory<SandboxDb>((provider, builder) =>
            Configure(builder, provider.GetRequiredService<WebOptions>().DataDirectory));
        services.AddSingleton<SqliteStore>();
    }

    /// <summary>Creates the database, or migrates it to this version. Safe to run twice, and beside a running process.</summary>
    public static async Task MigrateAsync(string dataDirectory)
    {
        Directory.CreateDirectory(dataDirectory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        await using var db = new SandboxDb(Configure(new DbContextOptionsBuilder<SandboxDb>(), dataDirectory).Options);
        if ((await db.Database.GetPendingMigrationsAsync()).Any())
        {
            await db.Database.OpenConnectionAsync();
            RecipeFunctions.AddTo((SqliteConnection)db.Database.GetDbConnection());
            await db.Database.MigrateAsync();
            await db.Database.ExecuteSqlRawAsync("PRAGMA journal_mode=WAL");
        }

        if (!await db.Plans.AnyAsync())
        {
            db.Plans.AddRange(PlanRow.From(Plan.Guest), PlanRow.From(Plan.Member));
            await db.SaveChangesAsync();
        }
    }

    private static DbContextOptionsBuilder<SandboxDb> Configure(DbContextOptionsBuilder<SandboxDb> builder, string dataDirectory)
    {
        Configure((DbContextOptionsBuilder)builder, dataDirectory);
        return builder;
    }

    private static void Configure(DbContextOptionsBuilder builder, string dataDirectory)
    {
        var connection = new SqliteConnectionStringBuilder
        {
            DataSource = Path.Combine(dataDirectory, "sandbox.db"),
            ForeignKeys = true,
            DefaultTimeout = 10,
        };
        builder.UseSqlite(connection.ToString()).AddInterceptors(new Pragmas());
    }

    /// <summary>Both are settings of a connection, not of the file.</summary>
    private sealed class Pragmas : DbConnectionInterceptor
    {
        private const string Text = "PRAGMA busy_timeout=5000; PRAGMA synchronous=NORMAL;";

        public override void ConnectionOpened(DbConnection connection, ConnectionEndEventData eventData)
        {
            using var command = connection.CreateCommand();
            command.CommandText = Text;
            command.ExecuteNonQuery();
        }

        public override Task ConnectionOpenedAsync(DbConnection connection, ConnectionEndEventData eventData, CancellationToken cancellationToken = default)
        {
            ConnectionOpened(connection, eventData);
            return Task.CompletedTask;
        }
    }

    /// <summary>For <c>dotnet ef migrations add</c>.</summary>
    private sealed class DesignTime : IDesignTimeDbContextFactory<SandboxDb>
    {
        public SandboxDb CreateDbContext(string[] args) => new(Configure(new DbContextOptionsBuilder<SandboxDb>(), Path.GetTempPath()).Options);
    }
}
