using System.Text.Json;
using Xunit;

namespace Sandbox.Web.Tests;

public sealed class SchemaTests
{
    [Fact]
    public async Task Schema_of_recipes_is_served_to_editors()
    {
        await using var web = await WebUnderTest.StartAsync();
        using var client = web.NewClient();
        var answer = await client.GetAsync("/schemas/recipe.json");

        Assert.Equal((200, "application/schema+json", "*"), (answer.Status, answer.Header("Content-Type"), answer.Header("Access-Control-Allow-Origin")));
        Assert.Equal("Recipe", JsonDocument.Parse(answer.Body).RootElement.GetProperty("title").GetString());
    }
}
