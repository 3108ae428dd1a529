using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Sandbox.Web.Store.Migrations
{
    /// <inheritdoc />
    [DbContext(typeof(SandboxDb))]
    [Migration("20261201040000_IsolationClasses")]
    public partial class IsolationClasses : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<string>(name: "Isolation", table: "Plans", type: "TEXT", nullable: true);
            migrationBuilder.AddColumn<string>(name: "Isolation", table: "Catalog", type: "TEXT", nullable: true);
            migrationBuilder.AddColumn<string>(name: "Isolation", table: "Sandboxes", type: "TEXT", nullable: true);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.Sql("ALTER TABLE Sandboxes DROP COLUMN Isolation");
            migrationBuilder.Sql("ALTER TABLE Catalog DROP COLUMN Isolation");
            migrationBuilder.Sql("ALTER TABLE Plans DROP COLUMN Isolation");
        }
    }
}
