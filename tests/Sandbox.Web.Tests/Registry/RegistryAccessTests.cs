using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Sandbox.Core.Errors;
using Sandbox.Core.People;
using Sandbox.Web.People;
using Sandbox.Web.Registry;
using Sandbox.Web.Store;
using Xunit;

namespace Sandbox.Web.Tests.Registry;

/// <summary>Who reads the registry, and how many at once.</summary>
public sealed class RegistryAccessTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_token_ends_with_what_it_was_got_with_and_one_address_does_not_take_all_places()
    {
        await using var web = await WebUnderTest.StartAsync();
        var services = web.Services;
        var passes = services.GetRequiredService<RegistryPasses>();
        using var client = web.NewClient();
        var token = (string)(await client.PostAsync("/api/v1/guests")).Json!["token"]!;
        var bearers = services.GetRequiredService<BearerTokens>();
        var person = (await bearers.FindAsync(token))!.Person;

        // Read before the password is revoked, and issued after.
        var (of, made) = passes.ReadPassword(passes.NewPassword(person).Password)!.Value;
        var byToken = await SignInAsync(services, token);
        Assert.Equal(person, of);
        Assert.Equal(person, (await passes.ReadTokenAsync(passes.NewToken(of, made, [])))?.Person);
        await Task.Delay(2, Cancel); // passwords know milliseconds
        await passes.RevokeAsync(person);
        await Task.Delay(2, Cancel);
        Assert.Null(await passes.ReadTokenAsync(passes.NewToken(of, made, [])));
        Assert.NotNull(await SignInAsync(services, passes.NewPassword(person).Password));

        // An API token is no password of the registry, so it stays; what it gave ends with it.
        Assert.Equal(person, (await passes.ReadTokenAsync(byToken!))?.Person);
        await bearers.RevokeAsync(token);
        Assert.Null(await passes.ReadTokenAsync(byToken!));
        Assert.Null(await SignInAsync(services, token));

        await SharesAsync(services, person);
    }

    private static async Task SharesAsync(IServiceProvider services, PersonId person)
    {
        var images = services.GetRequiredService<SharedImages>();
        await services.GetRequiredService<SqliteStore>().WriteAsync(db =>
        {
            db.OwnImages.Add(new OwnImageRow { OwnerId = person.Value, Name = "app:1", Digest = "sha256:" + new string('0', 64), Size = 1, Runs = "", Interactive = false, BuiltAt = DateTimeOffset.UnixEpoch });
            return Task.FromResult(true);
        });
        var (code, _, _) = await images.ShareAsync(person, "app:1");
        var request = RegistryRequest.Read($"/v2/shared/{code}/app/tags/list")!;
        var slow = new List<SharedImages.Pull>();
        for (var at = 0; at < 6; at++)
        {
            slow.Add(await images.OpenAsync(request, "203.0.113.1", Cancel));
        }

        Assert.Equal(ErrorCode.Rate, (await Assert.ThrowsAsync<SandboxException>(() => images.OpenAsync(request, "203.0.113.1", Cancel))).Code);
        (await images.OpenAsync(request, "203.0.113.2", Cancel)).Dispose();
        slow[0].Dispose();
        (await images.OpenAsync(request, "203.0.113.1", Cancel)).Dispose();
    }

    /// <summary>The token that <c>docker login</c> gets; null when it is refused.</summary>
    private static async Task<string?> SignInAsync(IServiceProvider services, string password)
    {
        var context = new DefaultHttpContext { RequestServices = services };
        context.Request.Method = "GET";
        context.Request.Headers.Authorization = "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes("me:" + password));
        using var body = new MemoryStream();
        context.Response.Body = body;
        await services.GetRequiredService<RegistrySignIn>().AnswerAsync(context);
        return (string?)System.Text.Json.Nodes.JsonNode.Parse(body.ToArray())!["token"];
    }
}
