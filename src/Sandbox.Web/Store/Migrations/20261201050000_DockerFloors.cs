using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Sandbox.Web.Store.Migrations
{
    /// <inheritdoc />
    [DbContext(typeof(SandboxDb))]
    [Migration("20261201050000_DockerFloors")]
    public partial class DockerFloors : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            // Plans that are there begin with a guest's; the member's gets its own.
            migrationBuilder.AddColumn<long>(name: "DockerMemoryBytes", table: "Plans", type: "INTEGER", nullable: false, defaultValue: 512L << 20);
            migrationBuilder.AddColumn<int>(name: "DockerPids", table: "Plans", type: "INTEGER", nullable: false, defaultValue: 512);
            migrationBuilder.AddColumn<long>(name: "DockerDiskBytes", table: "Plans", type: "INTEGER", nullable: false, defaultValue: 4L << 30);
            migrationBuilder.Sql("UPDATE Plans SET DockerMemoryBytes = 1073741824, DockerPids = 1024, DockerDiskBytes = 8589934592 WHERE Name = 'member'");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.Sql("ALTER TABLE Plans DROP COLUMN DockerDiskBytes");
            migrationBuilder.Sql("ALTER TABLE Plans DROP COLUMN DockerPids");
            migrationBuilder.Sql("ALTER TABLE Plans DROP COLUMN DockerMemoryBytes");
        }
    }
}
