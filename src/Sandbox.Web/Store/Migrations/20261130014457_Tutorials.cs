using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Sandbox.Web.Store.Migrations
{
    /// <inheritdoc />
    public partial class Tutorials : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.CreateTable(
                name: "TutorialCounts",
                columns: table => new
                {
                    Hash = table.Column<string>(type: "TEXT", nullable: false),
                    Number = table.Column<int>(type: "INTEGER", nullable: false),
                    Entered = table.Column<int>(type: "INTEGER", nullable: false),
                    Passed = table.Column<int>(type: "INTEGER", nullable: false),
                    Skipped = table.Column<int>(type: "INTEGER", nullable: false),
                    Failed = table.Column<int>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_TutorialCounts", x => new { x.Hash, x.Number });
                });

            migrationBuilder.CreateTable(
                name: "TutorialNames",
                columns: table => new
                {
                    Name = table.Column<string>(type: "TEXT", nullable: false),
                    OwnerId = table.Column<string>(type: "TEXT", nullable: false),
                    Hash = table.Column<string>(type: "TEXT", nullable: false),
                    MovedAt = table.Column<long>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_TutorialNames", x => x.Name);
                });

            migrationBuilder.CreateTable(
                name: "TutorialReports",
                columns: table => new
                {
                    Id = table.Column<string>(type: "TEXT", nullable: false),
                    Hash = table.Column<string>(type: "TEXT", nullable: false),
                    Number = table.Column<int>(type: "INTEGER", nullable: false),
                    At = table.Column<long>(type: "INTEGER", nullable: false),
                    Text = table.Column<string>(type: "TEXT", nullable: false),
                    Command = table.Column<string>(type: "TEXT", nullable: true),
                    Digest = table.Column<string>(type: "TEXT", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_TutorialReports", x => x.Id);
                });

            migrationBuilder.CreateTable(
                name: "TutorialSources",
                columns: table => new
                {
                    Hash = table.Column<string>(type: "TEXT", nullable: false),
                    Size = table.Column<long>(type: "INTEGER", nullable: false),
                    CreatedAt = table.Column<long>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_TutorialSources", x => x.Hash);
                });

            migrationBuilder.CreateTable(
                name: "TutorialVersions",
                columns: table => new
                {
                    Name = table.Column<string>(type: "TEXT", nullable: false),
                    At = table.Column<long>(type: "INTEGER", nullable: false),
                    Hash = table.Column<string>(type: "TEXT", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_TutorialVersions", x => new { x.Name, x.At });
                    table.ForeignKey(
                        name: "FK_TutorialVersions_TutorialNames_Name",
                        column: x => x.Name,
                        principalTable: "TutorialNames",
                        principalColumn: "Name",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "TutorialRuns",
                columns: table => new
                {
                    Id = table.Column<string>(type: "TEXT", nullable: false),
                    OwnerId = table.Column<string>(type: "TEXT", nullable: false),
                    Hash = table.Column<string>(type: "TEXT", nullable: false),
                    SourceHash = table.Column<string>(type: "TEXT", nullable: false),
                    Path = table.Column<string>(type: "TEXT", nullable: false),
                    Address = table.Column<string>(type: "TEXT", nullable: false),
                    Title = table.Column<string>(type: "TEXT", nullable: false),
                    PlaygroundId = table.Column<string>(type: "TEXT", nullable: true),
                    Code = table.Column<string>(type: "TEXT", nullable: false),
                    Current = table.Column<int>(type: "INTEGER", nullable: false),
                    Parameters = table.Column<string>(type: "TEXT", nullable: false),
                    CheckpointHash = table.Column<string>(type: "TEXT", nullable: true),
                    StartedAt = table.Column<long>(type: "INTEGER", nullable: false),
                    UsedAt = table.Column<long>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_TutorialRuns", x => x.Id);
                    table.ForeignKey(
                        name: "FK_TutorialRuns_Playgrounds_PlaygroundId",
                        column: x => x.PlaygroundId,
                        principalTable: "Playgrounds",
                        principalColumn: "Id",
                        onDelete: ReferentialAction.SetNull);
                    table.ForeignKey(
                        name: "FK_TutorialRuns_TutorialSources_SourceHash",
                        column: x => x.SourceHash,
                        principalTable: "TutorialSources",
                        principalColumn: "Hash",
                        onDelete: ReferentialAction.Restrict);
                });

            migrationBuilder.CreateTable(
                name: "Tutorials",
                columns: table => new
                {
                    OwnerId = table.Column<string>(type: "TEXT", nullable: false),
                    Hash = table.Column<string>(type: "TEXT", nullable: false),
                    SourceHash = table.Column<string>(type: "TEXT", nullable: false),
                    Path = table.Column<string>(type: "TEXT", nullable: false),
                    Title = table.Column<string>(type: "TEXT", nullable: false),
                    Summary = table.Column<string>(type: "TEXT", nullable: false),
                    Difficulty = table.Column<string>(type: "TEXT", nullable: true),
                    Time = table.Column<string>(type: "TEXT", nullable: true),
                    Cover = table.Column<string>(type: "TEXT", nullable: true),
                    Steps = table.Column<int>(type: "INTEGER", nullable: false),
                    Image = table.Column<string>(type: "TEXT", nullable: false),
                    Refusal = table.Column<string>(type: "TEXT", nullable: true),
                    IsPublic = table.Column<bool>(type: "INTEGER", nullable: false),
                    LockHash = table.Column<string>(type: "TEXT", nullable: true),
                    CreatedAt = table.Column<long>(type: "INTEGER", nullable: false),
                    TestedAt = table.Column<long>(type: "INTEGER", nullable: true),
                    PassedAt = table.Column<long>(type: "INTEGER", nullable: true),
                    Failure = table.Column<string>(type: "TEXT", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_Tutorials", x => new { x.OwnerId, x.Hash });
                    table.ForeignKey(
                        name: "FK_Tutorials_TutorialSources_SourceHash",
                        column: x => x.SourceHash,
                        principalTable: "TutorialSources",
                        principalColumn: "Hash",
                        onDelete: ReferentialAction.Restrict);
                });

            migrationBuilder.CreateTable(
                name: "TutorialRunSteps",
                columns: table => new
                {
                    RunId = table.Column<string>(type: "TEXT", nullable: false),
                    Number = table.Column<int>(type: "INTEGER", nullable: false),
                    State = table.Column<string>(type: "TEXT", nullable: false),
                    SetUpAt = table.Column<long>(type: "INTEGER", nullable: true),
                    EnteredAt = table.Column<long>(type: "INTEGER", nullable: true),
                    Answered = table.Column<string>(type: "TEXT", nullable: false),
                    CheckpointHash = table.Column<string>(type: "TEXT", nullable: true),
                    Terminals = table.Column<string>(type: "TEXT", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_TutorialRunSteps", x => new { x.RunId, x.Number });
                    table.ForeignKey(
                        name: "FK_TutorialRunSteps_TutorialRuns_RunId",
                        column: x => x.RunId,
                        principalTable: "TutorialRuns",
                        principalColumn: "Id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateIndex(
                name: "IX_TutorialNames_Hash",
                table: "TutorialNames",
                column: "Hash");

            migrationBuilder.CreateIndex(
                name: "IX_TutorialReports_Hash",
                table: "TutorialReports",
                column: "Hash");

            migrationBuilder.CreateIndex(
                name: "IX_TutorialRuns_Code",
                table: "TutorialRuns",
                column: "Code",
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_TutorialRuns_PlaygroundId",
                table: "TutorialRuns",
                column: "PlaygroundId",
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_TutorialRuns_SourceHash",
                table: "TutorialRuns",
                column: "SourceHash");

            migrationBuilder.CreateIndex(
                name: "IX_Tutorials_Hash",
                table: "Tutorials",
                column: "Hash");

            migrationBuilder.CreateIndex(
                name: "IX_Tutorials_SourceHash",
                table: "Tutorials",
                column: "SourceHash");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "TutorialCounts");

            migrationBuilder.DropTable(
                name: "TutorialReports");

            migrationBuilder.DropTable(
                name: "TutorialRunSteps");

            migrationBuilder.DropTable(
                name: "TutorialVersions");

            migrationBuilder.DropTable(
                name: "Tutorials");

            migrationBuilder.DropTable(
                name: "TutorialRuns");

            migrationBuilder.DropTable(
                name: "TutorialNames");

            migrationBuilder.DropTable(
                name: "TutorialSources");
        }
    }
}
