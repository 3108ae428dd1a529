using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Sandbox.Web.Store.Migrations
{
    /// <inheritdoc />
    public partial class NetworkPolicies : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<string>(
                name: "Domains",
                table: "Sandboxes",
                type: "TEXT",
                nullable: false,
                defaultValue: "");

            migrationBuilder.AddColumn<string>(
                name: "Network",
                table: "Sandboxes",
                type: "TEXT",
                nullable: false,
                defaultValue: "egress");

            migrationBuilder.AddColumn<string>(
                name: "Domains",
                table: "Plans",
                type: "TEXT",
                nullable: false,
                defaultValue: "");

            migrationBuilder.AddColumn<string>(
                name: "Network",
                table: "Plans",
                type: "TEXT",
                nullable: false,
                defaultValue: "egress");

            migrationBuilder.AddColumn<string>(
                name: "Domains",
                table: "Catalog",
                type: "TEXT",
                nullable: false,
                defaultValue: "");

            migrationBuilder.AddColumn<string>(
                name: "Network",
                table: "Catalog",
                type: "TEXT",
                nullable: false,
                defaultValue: "egress");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropColumn(
                name: "Domains",
                table: "Sandboxes");

            migrationBuilder.DropColumn(
                name: "Network",
                table: "Sandboxes");

            migrationBuilder.DropColumn(
                name: "Domains",
                table: "Plans");

            migrationBuilder.DropColumn(
                name: "Network",
                table: "Plans");

            migrationBuilder.DropColumn(
                name: "Domains",
                table: "Catalog");

            migrationBuilder.DropColumn(
                name: "Network",
                table: "Catalog");
        }
    }
}
