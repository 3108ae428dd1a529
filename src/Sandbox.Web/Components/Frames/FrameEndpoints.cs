using Microsoft.AspNetCore.Http.HttpResults;
using Sandbox.Web.Http;

namespace Sandbox.Web.Components.Frames;

/// <summary>
/// The pages that embed.js shows as frames on pages elsewhere. They read no cookie and set none: the visitor of a frame is
/// a guest by a token, which the frame requests itself.
/// </summary>
internal static class FrameEndpoints
{
    public static void MapFrames(this IEndpointRouteBuilder app)
    {
        // The policy is replaced once it is known what is shown, and to whom.
        app.MapGet("/embed/terminal", TerminalAsync).WithPagePolicy(PagePolicy.EmbedAnywhere).ExcludeFromDescription();
        app.MapGet("/embed/run", RunAsync).WithPagePolicy(PagePolicy.EmbedAnywhere).ExcludeFromDescription();
    }

    private static async Task<IResult> TerminalAsync(HttpContext context, FrameSubjects subjects)
    {
        var subject = await subjects.FindAsync(context, takesTutorials: true);
        return subject switch
        {
            { Refusal: { } refusal } => new RazorComponentResult<RefusedFrame>(new { Refusal = refusal }) { StatusCode = refusal.Status },
            { Tutorial: not null } => new RazorComponentResult<TutorialFrame>(new { Subject = subject }),
            _ => new RazorComponentResult<TerminalFrame>(new { Subject = subject }),
        };
    }

    private static async Task<IResult> RunAsync(HttpContext context, FrameSubjects subjects)
    {
        var subject = await subjects.FindAsync(context, takesTutorials: false);
        return new RazorComponentResult<RunFrame>(new { Subject = subject }) { StatusCode = subject.Refusal?.Status ?? StatusCodes.Status200OK };
    }
}
