using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;
using Sandbox.Core.Recipes;
using Sandbox.Web.Store;
using Xunit;

namespace Sandbox.Web.Tests.Store;

public sealed class RecipeMigrationTests : IDisposable
{
    private const string Before = "20261125195024_Recordings";

    /// <summary>As versions before the migration wrote it.</summary>
    private const string Written =
        """{"nodes":[{"name":"main","image":"busybox","env":{},"workdir":null,"user":null,"files":[{"path":"/a","text":"☂","base64":null,"mode":null}],"setup":[["true"]]}]}""";

    private static readonly RecipeHash Hash = RecipeHash.Of(new Recipe
    {
        Nodes = [new RecipeNode { Image = "busybox", Files = [new RecipeFile { Path = "/a", Text = "☂" }], Setup = [["true"]] }],
    });

    private readonly string _home = Directory.CreateTempSubdirectory("sandbox-store-").FullName;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        SqliteConnection.ClearAllPools();
        Directory.Delete(_home, recursive: true);
    }

    [Fact]
    public async Task Recipes_of_live_playgrounds_move_to_their_own_table()
    {
        await using (var db = Open())
        {
            await db.GetService<IMigrator>().MigrateAsync(Before, Token);
            await db.Database.ExecuteSqlAsync($"INSERT INTO Plans VALUES ('guest', 3, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1)", Token);
            await db.Database.ExecuteSqlAsync($"INSERT INTO People (Id, Kind, PlanName, CreatedAt, LastSeenAt) VALUES ('o', 'Guest', 'guest', 0, 0)", Token);
            foreach (var (id, state, json) in new[] { ("one", "Running", Written), ("two", "Queued", Written), ("three", "Ended", "") })
            {
                await db.Database.ExecuteSqlAsync(
                    $"""
                    INSERT INTO Playgrounds (Id, OwnerId, Image, Recipe, State, CreatedAt, GrantedAt, EndsAt, WasExtended, LastActiveAt)
                    VALUES ({id}, 'o', 'busybox', {json}, {state}, 0, 0, 0, 0, 0)
                    """,
                    Token);
                await db.Database.ExecuteSqlAsync($"INSERT INTO IdempotencyKeys VALUES ('o', {id}, 'old', {id}, 0)", Token);
            }
        }

        await StoreSetup.MigrateAsync(_home);

        await using var migrated = Open();
        var recipe = await migrated.Recipes.AsNoTracking().SingleAsync(Token);
        Assert.Equal(Hash.Value, recipe.Hash);
        Assert.Equal(Hash, RecipeHash.Of(recipe.Content));
        Assert.Equal("☂", RecipeJson.Read(recipe.Content).Nodes[0].Files[0].Text);
        Assert.Equal(
            [("one", Hash.Value), ("three", null), ("two", Hash.Value)],
            (await migrated.Playgrounds.OrderBy(row => row.Id).Select(row => new { row.Id, row.RecipeHash }).ToListAsync(Token)).Select(row => (row.Id, row.RecipeHash)));
        Assert.Equal(
            [("one", Hash.Value), ("three", "old"), ("two", Hash.Value)],
            (await migrated.IdempotencyKeys.OrderBy(row => row.Key).Select(row => new { row.Key, row.RequestHash }).ToListAsync(Token)).Select(row => (row.Key, row.RequestHash)));
        Assert.False(migrated.Database.HasPendingModelChanges());
        await Assert.ThrowsAsync<SqliteException>(() => migrated.Recipes.ExecuteDeleteAsync(Token));
    }

    [Fact]
    public async Task Migration_of_recipes_can_be_reverted()
    {
        await StoreSetup.MigrateAsync(_home);
        await using var db = Open();

        await db.GetService<IMigrator>().MigrateAsync(Before, Token);
        await db.Database.OpenConnectionAsync(Token);
        RecipeFunctions.AddTo((SqliteConnection)db.Database.GetDbConnection());
        await db.GetService<IMigrator>().MigrateAsync(cancellationToken: Token);

        Assert.Empty(await db.Recipes.ToListAsync(Token));
    }

    private SandboxDb Open() => new(new DbContextOptionsBuilder<SandboxDb>().UseSqlite($"Data Source={Path.Combine(_home, "sandbox.db")};Foreign Keys=True").Options);
}
