using Sandbox.Core.Errors;
using Sandbox.Web.Http;
using Sandbox.Web.People;
using Sandbox.Web.Store;
using Sandbox.Web.Tutorials;

namespace Sandbox.Web.TutorialTests;

internal static class TutorialTestEndpoints
{
    public static void MapTutorialTests(this IEndpointRouteBuilder app) => app.MapPost("/api/v1/tutorials/{address}/test", TestAsync).WithTags("tutorials")
        .Produces<TutorialTestView>().ProducesProblems(404, 409, 429, 503)
        .WithSummary("Test a tutorial")
        .WithDescription("Answers when the test has ended. The result is on the badge, /t/{address}/badge.svg.");

    private static async Task<IResult> TestAsync(string address, HttpContext context, AddressRates rates, TutorialLibrary library, TutorialTester tester)
    {
        var person = context.RequirePerson();
        var row = await library.FindAsync(person, address);
        if (row.OwnerId != person.Value && !(row.OwnerId == TutorialRow.Shipped && context.User.IsInRole(CallerClaims.OperatorRole)))
        {
            throw new SandboxException(ErrorCode.NotFound, "You have no such tutorial.");
        }

        if (row.Refusal is { } reason)
        {
            throw new SandboxException(ErrorCode.Conflict, $"This tutorial can only be read here: {reason}.");
        }

        return await rates.AllowsLaunchAsync(context) ? Results.Ok(await tester.TestAsync(row, context.RequestAborted)) : Results.Empty;
    }
}
