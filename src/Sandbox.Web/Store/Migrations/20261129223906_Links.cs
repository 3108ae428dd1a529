using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Sandbox.Web.Store.Migrations
{
    /// <inheritdoc />
    public partial class Links : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<bool>(
                name: "AwaitsLink",
                table: "Playgrounds",
                type: "INTEGER",
                nullable: false,
                defaultValue: false);

            migrationBuilder.AddColumn<string>(
                name: "LinkHash",
                table: "Playgrounds",
                type: "TEXT",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "LinkOwnerId",
                table: "Playgrounds",
                type: "TEXT",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "SavedHash",
                table: "Playgrounds",
                type: "TEXT",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "Secrets",
                table: "Playgrounds",
                type: "TEXT",
                nullable: false,
                defaultValue: "");

            migrationBuilder.AddColumn<int>(
                name: "LinkPlaces",
                table: "Plans",
                type: "INTEGER",
                nullable: false,
                defaultValue: 0);

            migrationBuilder.AddColumn<long>(
                name: "StorageBytes",
                table: "Plans",
                type: "INTEGER",
                nullable: false,
                defaultValue: 536870912L);

            // As a new database begins with.
            migrationBuilder.Sql("UPDATE Plans SET StorageBytes = 4294967296, LinkPlaces = 100 WHERE Name = 'member'");

            migrationBuilder.CreateTable(
                name: "Aliases",
                columns: table => new
                {
                    Name = table.Column<string>(type: "TEXT", nullable: false),
                    OwnerId = table.Column<string>(type: "TEXT", nullable: false),
                    Hash = table.Column<string>(type: "TEXT", nullable: false),
                    Text = table.Column<string>(type: "TEXT", nullable: false),
                    CreatedAt = table.Column<long>(type: "INTEGER", nullable: false),
                    MovedAt = table.Column<long>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_Aliases", x => x.Name);
                });

            migrationBuilder.CreateTable(
                name: "CatalogDigests",
                columns: table => new
                {
                    Name = table.Column<string>(type: "TEXT", nullable: false),
                    Digest = table.Column<string>(type: "TEXT", nullable: false),
                    MadeAt = table.Column<long>(type: "INTEGER", nullable: false),
                    Layers = table.Column<string>(type: "TEXT", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_CatalogDigests", x => new { x.Name, x.Digest });
                });

            migrationBuilder.CreateTable(
                name: "LinkStarts",
                columns: table => new
                {
                    PlaygroundId = table.Column<string>(type: "TEXT", nullable: false),
                    OwnerId = table.Column<string>(type: "TEXT", nullable: false),
                    Hash = table.Column<string>(type: "TEXT", nullable: false),
                    At = table.Column<long>(type: "INTEGER", nullable: false),
                    PromptMs = table.Column<int>(type: "INTEGER", nullable: true),
                    Reason = table.Column<string>(type: "TEXT", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_LinkStarts", x => x.PlaygroundId);
                });

            migrationBuilder.CreateTable(
                name: "Locks",
                columns: table => new
                {
                    Hash = table.Column<string>(type: "TEXT", nullable: false),
                    CreatedAt = table.Column<long>(type: "INTEGER", nullable: false),
                    Architecture = table.Column<string>(type: "TEXT", nullable: false),
                    Kernel = table.Column<string>(type: "TEXT", nullable: false),
                    Isolation = table.Column<string>(type: "TEXT", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_Locks", x => x.Hash);
                    table.ForeignKey(
                        name: "FK_Locks_Recipes_Hash",
                        column: x => x.Hash,
                        principalTable: "Recipes",
                        principalColumn: "Hash",
                        onDelete: ReferentialAction.Restrict);
                });

            migrationBuilder.CreateTable(
                name: "AliasMoves",
                columns: table => new
                {
                    Name = table.Column<string>(type: "TEXT", nullable: false),
                    At = table.Column<long>(type: "INTEGER", nullable: false),
                    Hash = table.Column<string>(type: "TEXT", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_AliasMoves", x => new { x.Name, x.At });
                    table.ForeignKey(
                        name: "FK_AliasMoves_Aliases_Name",
                        column: x => x.Name,
                        principalTable: "Aliases",
                        principalColumn: "Name",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "Links",
                columns: table => new
                {
                    OwnerId = table.Column<string>(type: "TEXT", nullable: false),
                    Hash = table.Column<string>(type: "TEXT", nullable: false),
                    Title = table.Column<string>(type: "TEXT", nullable: false),
                    Access = table.Column<string>(type: "TEXT", nullable: false),
                    IsAutomatic = table.Column<bool>(type: "INTEGER", nullable: false),
                    CreatedAt = table.Column<long>(type: "INTEGER", nullable: false),
                    LastOpenedAt = table.Column<long>(type: "INTEGER", nullable: false),
                    AtOnce = table.Column<int>(type: "INTEGER", nullable: true),
                    PerDay = table.Column<int>(type: "INTEGER", nullable: true),
                    FromMinute = table.Column<int>(type: "INTEGER", nullable: true),
                    UntilMinute = table.Column<int>(type: "INTEGER", nullable: true),
                    ExpiresAt = table.Column<long>(type: "INTEGER", nullable: true),
                    IsOffline = table.Column<bool>(type: "INTEGER", nullable: false),
                    Password = table.Column<string>(type: "TEXT", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_Links", x => new { x.OwnerId, x.Hash });
                    table.ForeignKey(
                        name: "FK_Links_Locks_Hash",
                        column: x => x.Hash,
                        principalTable: "Locks",
                        principalColumn: "Hash",
                        onDelete: ReferentialAction.Restrict);
                    table.ForeignKey(
                        name: "FK_Links_People_OwnerId",
                        column: x => x.OwnerId,
                        principalTable: "People",
                        principalColumn: "Id",
                        onDelete: ReferentialAction.Restrict);
                });

            migrationBuilder.CreateTable(
                name: "LockImages",
                columns: table => new
                {
                    Hash = table.Column<string>(type: "TEXT", nullable: false),
                    Node = table.Column<int>(type: "INTEGER", nullable: false),
                    Digest = table.Column<string>(type: "TEXT", nullable: false),
                    Name = table.Column<string>(type: "TEXT", nullable: false),
                    Interactive = table.Column<bool>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_LockImages", x => new { x.Hash, x.Node });
                    table.ForeignKey(
                        name: "FK_LockImages_Locks_Hash",
                        column: x => x.Hash,
                        principalTable: "Locks",
                        principalColumn: "Hash",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "LockLayers",
                columns: table => new
                {
                    Hash = table.Column<string>(type: "TEXT", nullable: false),
                    Digest = table.Column<string>(type: "TEXT", nullable: false),
                    Size = table.Column<long>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_LockLayers", x => new { x.Hash, x.Digest });
                    table.ForeignKey(
                        name: "FK_LockLayers_Locks_Hash",
                        column: x => x.Hash,
                        principalTable: "Locks",
                        principalColumn: "Hash",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateIndex(
                name: "IX_Aliases_OwnerId",
                table: "Aliases",
                column: "OwnerId");

            migrationBuilder.CreateIndex(
                name: "IX_LinkStarts_OwnerId_Hash_At",
                table: "LinkStarts",
                columns: new[] { "OwnerId", "Hash", "At" });

            migrationBuilder.CreateIndex(
                name: "IX_Links_Hash",
                table: "Links",
                column: "Hash");

            migrationBuilder.CreateIndex(
                name: "IX_LockImages_Digest",
                table: "LockImages",
                column: "Digest");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "AliasMoves");

            migrationBuilder.DropTable(
                name: "CatalogDigests");

            migrationBuilder.DropTable(
                name: "LinkStarts");

            migrationBuilder.DropTable(
                name: "Links");

            migrationBuilder.DropTable(
                name: "LockImages");

            migrationBuilder.DropTable(
                name: "LockLayers");

            migrationBuilder.DropTable(
                name: "Aliases");

            migrationBuilder.DropTable(
                name: "Locks");

            migrationBuilder.DropColumn(
                name: "AwaitsLink",
                table: "Playgrounds");

            migrationBuilder.DropColumn(
                name: "LinkHash",
                table: "Playgrounds");

            migrationBuilder.DropColumn(
                name: "LinkOwnerId",
                table: "Playgrounds");

            migrationBuilder.DropColumn(
                name: "SavedHash",
                table: "Playgrounds");

            migrationBuilder.DropColumn(
                name: "Secrets",
                table: "Playgrounds");

            migrationBuilder.DropColumn(
                name: "LinkPlaces",
                table: "Plans");

            migrationBuilder.DropColumn(
                name: "StorageBytes",
                table: "Plans");
        }
    }
}
