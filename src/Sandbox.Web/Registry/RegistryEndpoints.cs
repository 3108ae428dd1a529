using Sandbox.Web.Http;
using Sandbox.Web.People;

namespace Sandbox.Web.Registry;

/// <summary>What <c>docker login</c> takes.</summary>
/// <param name="Registry">The registry's name outside of sandboxes.</param>
/// <param name="InSandboxes">The registry's name in sandboxes.</param>
/// <param name="User">Any name would do.</param>
/// <param name="Password">Opens the images of its person, and nothing else of theirs.</param>
/// <param name="ExpiresAt">When it ends.</param>
internal sealed record RegistryPassword(string Registry, string InSandboxes, string User, string Password, DateTimeOffset ExpiresAt);

/// <summary>Which image to share.</summary>
/// <param name="Image">Its name, <c>app:1</c>.</param>
internal sealed record ImageToShare(string? Image);

/// <summary>A shared image. Anyone with its address can pull it.</summary>
/// <param name="Code">Deletes the share: <c>DELETE …/shares/{code}</c>.</param>
/// <param name="Image">The name among the owner's images.</param>
/// <param name="Reference">Where docker pull finds it.</param>
/// <param name="InSandboxes">The same in sandboxes.</param>
/// <param name="SharedAt">Since when.</param>
internal sealed record SharedImageView(string Code, string Image, string Reference, string InSandboxes, DateTimeOffset SharedAt);

internal static class RegistryEndpoints
{
    public static void MapRegistry(this IEndpointRouteBuilder app)
    {
        app.MapPost("/api/v1/registry/passwords", (HttpContext context, RegistryPasses passes, Origins origins) =>
            {
                var (password, ends) = passes.NewPassword(context.RequirePerson());
                context.Response.Headers.CacheControl = "no-store";
                return Results.Json(new RegistryPassword(new Uri(origins.PublicUrl).Authority, RegistrySetup.NameInSandboxes, "me", password, ends), statusCode: 201);
            })
            .Produces<RegistryPassword>(201).ProducesProblems(404).WithTags("images")
            .WithSummary("Create a registry password").WithDescription("For docker login, podman and skopeo. Images are pushed to REGISTRY/me/NAME:TAG and become own images; the registry's own API is below /v2/.");
        app.MapDelete("/api/v1/registry/passwords", async (HttpContext context, RegistryPasses passes) =>
            {
                await passes.RevokeAsync(context.RequirePerson());
                return Results.NoContent();
            })
            .Produces(204).WithTags("images")
            .WithSummary("Revoke all registry passwords").WithDescription("Clients that signed in with one are signed out. API tokens stay.");

        var shares = app.MapGroup("/api/v1/images/shares").WithTags("images");
        shares.MapGet("", async (HttpContext context, SharedImages images, Origins origins, CancellationToken cancellationToken) =>
                (await images.ListAsync(context.RequirePerson(), cancellationToken)).Select(share => View(share, origins)).ToList())
            .Produces<IReadOnlyList<SharedImageView>>().WithSummary("The images that you share");
        shares.MapPost("", async (ImageToShare asked, HttpContext context, SharedImages images, Origins origins) =>
                Results.Json(View(await images.ShareAsync(context.RequirePerson(), asked.Image ?? ""), origins), statusCode: 201))
            .Produces<SharedImageView>(201).ProducesProblems(400, 404).WithSummary("Share an own image")
            .WithDescription("Everybody who has the address pulls it, without signing in, until you delete the share or the image. What you build or push under the name later is shared, too.");
        shares.MapDelete("/{code}", async (string code, HttpContext context, SharedImages images) =>
            {
                await images.RevokeAsync(context.RequirePerson(), code);
                return Results.NoContent();
            })
            .Produces(204).ProducesProblems(404).WithSummary("Stop sharing an image");
    }

    /// <summary>The addresses of a shared image.</summary>
    public static SharedImageView View((string Code, string Name, DateTimeOffset SharedAt) share, Origins origins)
    {
        var path = $"{RegistryRequest.Shared}{share.Code}/{share.Name}";
        return new SharedImageView(share.Code, share.Name, $"{new Uri(origins.PublicUrl).Authority}/{path}", $"{RegistrySetup.NameInSandboxes}/{path}", share.SharedAt);
    }
}
