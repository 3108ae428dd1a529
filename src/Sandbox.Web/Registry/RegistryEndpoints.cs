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

internal static class RegistryEndpoints
{
    public static void MapRegistry(this IEndpointRouteBuilder app) =>
        app.MapPost("/api/v1/registry/passwords", (HttpContext context, RegistryPasses passes, Origins origins) =>
            {
                var (password, ends) = passes.NewPassword(context.RequirePerson());
                context.Response.Headers.CacheControl = "no-store";
                return Results.Json(new RegistryPassword(new Uri(origins.PublicUrl).Authority, RegistrySetup.NameInSandboxes, "me", password, ends), statusCode: 201);
            })
            .Produces<RegistryPassword>(201).ProducesProblems(404).WithTags("images")
            .WithSummary("Create a registry password").WithDescription("For docker login, podman and skopeo. Images are pushed to REGISTRY/me/NAME:TAG and become own images; the registry's own API is below /v2/.");
}
