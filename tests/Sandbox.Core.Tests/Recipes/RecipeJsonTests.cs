using System.Text;
using System.Text.Json;
using Sandbox.Core.Recipes;
using Xunit;

namespace Sandbox.Core.Tests.Recipes;

public sealed class RecipeJsonTests
{
    private const string Full =
        """{"nodes":[{"name":"main","image":"debian","env":{"Aa":"b"},"workdir":"/srv","user":"1000","files":[{"path":"/root/hi","text":"hello\n","base64":null,"mode":"0600"},{"path":"/b","text":null,"base64":"AP8=","mode":null}],"setup":[["chmod","600","/root/hi"]]}]}""";

    [Fact]
    public void A_recipe_comes_back_from_json_as_it_was()
    {
        var recipe = JsonSerializer.Deserialize<Recipe>(Full, JsonSerializerOptions.Web)!;

        Assert.Equal(Full, JsonSerializer.Serialize(recipe, JsonSerializerOptions.Web));
        var node = Assert.Single(recipe.Nodes);
        Assert.Equal("b", node.Env["Aa"]);
        Assert.Equal("hello\n", Encoding.UTF8.GetString(node.Files[0].Content));
        Assert.Equal([0, 255], node.Files[1].Content);
        Assert.Equal(["chmod", "600", "/root/hi"], node.Setup[0]);
        Assert.Empty(RecipeRules.Validate(recipe));
    }

    [Fact]
    public void The_shortest_recipe_is_an_image()
    {
        var recipe = JsonSerializer.Deserialize<Recipe>("""{"nodes":[{"image":"debian"}]}""", JsonSerializerOptions.Web)!;

        Assert.Equal(JsonSerializer.Serialize(Recipe.FromImage("debian")), JsonSerializer.Serialize(recipe));
        Assert.Empty(RecipeRules.Validate(recipe));
    }

    [Theory]
    [InlineData("""{}""")]
    [InlineData("""{"nodes":[{}]}""")]
    [InlineData("""{"nodes":{}}""")]
    [InlineData("""{"nodes":[{"image":"a","files":[{"text":"no path"}]}]}""")]
    public void Json_without_what_is_required_is_no_recipe(string json) =>
        Assert.Throws<JsonException>(() => JsonSerializer.Deserialize<Recipe>(json, JsonSerializerOptions.Web));
}
