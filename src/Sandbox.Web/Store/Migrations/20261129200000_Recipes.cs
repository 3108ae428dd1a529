using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Sandbox.Web.Store.Migrations
{
    /// <summary>
    /// Recipes move from the playgrounds' rows to a table of their own, keyed by hash. The functions are those of
    /// <see cref="RecipeFunctions"/>.
    /// </summary>
    public partial class Recipes : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.CreateTable(
                name: "Recipes",
                columns: table => new
                {
                    Hash = table.Column<string>(type: "TEXT", nullable: false),
                    Content = table.Column<byte[]>(type: "BLOB", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_Recipes", x => x.Hash);
                });

            // In SQL: SQLite adds and drops these columns in place, where EF would copy the table.
            migrationBuilder.Sql(
                """
                INSERT INTO Recipes (Hash, Content)
                SELECT recipe_hash(Recipe), recipe_content(Recipe) FROM Playgrounds WHERE Recipe <> '' AND State <> 'Ended'
                ON CONFLICT DO NOTHING;
                """);
            migrationBuilder.Sql(
                """
                ALTER TABLE Playgrounds ADD COLUMN RecipeHash TEXT NULL
                CONSTRAINT FK_Playgrounds_Recipes_RecipeHash REFERENCES Recipes (Hash) ON DELETE RESTRICT;
                """);
            migrationBuilder.Sql("UPDATE Playgrounds SET RecipeHash = recipe_hash(Recipe) WHERE Recipe <> '' AND State <> 'Ended';");
            migrationBuilder.Sql(
                """
                UPDATE IdempotencyKeys SET RequestHash = playground.RecipeHash
                FROM Playgrounds AS playground WHERE playground.Id = IdempotencyKeys.PlaygroundId AND playground.RecipeHash IS NOT NULL;
                """);
            migrationBuilder.Sql("ALTER TABLE Playgrounds DROP COLUMN Recipe;");
            migrationBuilder.CreateIndex(
                name: "IX_Playgrounds_RecipeHash",
                table: "Playgrounds",
                column: "RecipeHash");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<string>(
                name: "Recipe",
                table: "Playgrounds",
                type: "TEXT",
                nullable: false,
                defaultValue: "");
            migrationBuilder.Sql(
                """
                UPDATE Playgrounds SET Recipe = CAST(recipe.Content AS TEXT)
                FROM Recipes AS recipe WHERE recipe.Hash = Playgrounds.RecipeHash;
                """);
            migrationBuilder.DropForeignKey(
                name: "FK_Playgrounds_Recipes_RecipeHash",
                table: "Playgrounds");
            migrationBuilder.DropIndex(
                name: "IX_Playgrounds_RecipeHash",
                table: "Playgrounds");
            migrationBuilder.DropColumn(
                name: "RecipeHash",
                table: "Playgrounds");
            migrationBuilder.DropTable(
                name: "Recipes");
        }
    }
}
