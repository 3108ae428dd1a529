using System.Text;
using System.Text.Json;
using Sandbox.Core.Recipes;
using Xunit;

namespace Sandbox.Core.Tests.Recipes;

public sealed class RecipeJsonTests
{
    private const string Full =
        """{"nodes":[{"env":{"Aa":"b","aa":"☂"},"files":[{"mode":"0600","path":"/root/hi","text":"hello\n"},{"base64":"AP8=","path":"/b"}],"image":"debian","isolation":"gvisor","name":"box","network":"none","setup":[["chmod","600","/root/hi"]],"user":"1000","workdir":"/srv"}]}""";

    private const string Complete =
        """{"nodes":[{"image":"debian","ports":[{"name":"main","port":1},{"port":8080}],"repositories":[{"path":"/root/app","ref":"v1","url":"https://git.example/a/b"}],"resources":{"cpuPercent":50,"memoryMiB":64}}],"parameters":[{"name":"A"},{"default":"1","help":"How many","name":"B","required":true,"title":"Count","type":"number"},{"choices":["x","y"],"name":"C","type":"choice"},{"maxLength":1,"name":"D","secret":true}],"terminals":[{},{"command":["top"],"node":"main","title":"Load"},{"run":"make test"}]}""";

    private static string Canonical(string json) => Encoding.UTF8.GetString(RecipeJson.Write(Read(json)));

    private static Recipe Read(string json) => RecipeJson.Read(Encoding.UTF8.GetBytes(json));

    [Fact]
    public void Canonical_recipe_survives_a_round_trip()
    {
        var recipe = Read(Full);

        Assert.Equal(Full, Canonical(Full));
        var node = Assert.Single(recipe.Nodes);
        Assert.Equal("b", node.Env["Aa"]);
        Assert.Equal("hello\n", Encoding.UTF8.GetString(node.Files[0].Content));
        Assert.Equal([0, 255], node.Files[1].Content);
        Assert.Equal(["chmod", "600", "/root/hi"], node.Setup[0]);
        Assert.Empty(RecipeRules.Validate(recipe));
    }

    [Fact]
    public void Parameters_terminals_ports_resources_and_repositories_survive_a_round_trip()
    {
        Assert.Equal(Complete, Canonical(Complete));
        Assert.Empty(RecipeRules.Validate(Read(Complete)));
    }

    [Theory]
    [InlineData("""{"nodes":[{"image":"debian"}]}""")]
    [InlineData("""{"parameters":[],"terminals":[],"nodes":[{"image":"debian","ports":[],"resources":null,"repositories":[]}]}""")]
    [InlineData("""{ "version": 1, "nodes": [ { "image": "debian", "name": "main" } ] }""")]
    [InlineData("""{"nodes":[{"image":"debian","network":"egress","domains":[],"isolation":null}]}""")]
    [InlineData("""{"nodes":[{"setup":[],"files":[],"env":{},"user":null,"workdir":null,"name":"main","image":"debian"}]}""")]
    public void Equal_recipes_have_the_same_bytes_and_hash(string json)
    {
        Assert.Equal("""{"nodes":[{"image":"debian"}]}""", Canonical(json));
        Assert.Equal("""{"nodes":[{"image":"debian"}]}""", Encoding.UTF8.GetString(RecipeJson.Write(Recipe.FromImage("debian"))));
        Assert.Equal("3f6fb0a342b8a326f96a19f1393135d5c4b4e52524f36f944300a09d2b733825", RecipeHash.Of(Read(json)).Value);
    }

    [Theory]
    [InlineData("""{"nodes":[{"image":"debian","name":"other"}]}""")]
    [InlineData("""{"nodes":[{"image":"main"}]}""")]
    [InlineData("""{"nodes":[{"image":"debian","network":"none"}]}""")]
    [InlineData("""{"nodes":[{"image":"debian","network":"playground"}]}""")]
    [InlineData("""{"nodes":[{"image":"debian","domains":["github.com"]}]}""")]
    [InlineData("""{"nodes":[{"image":"debian","isolation":"container"}]}""")]
    [InlineData("""{"nodes":[{"image":"debian","env":{"A":"egress"}}]}""")]
    [InlineData("""{"nodes":[{"image":"debian","env":{"A":""}}]}""")]
    [InlineData("""{"nodes":[{"image":"debian"},{"image":"debian"}]}""")]
    public void Different_recipes_have_different_hashes(string json) =>
        Assert.NotEqual(RecipeHash.Of(Recipe.FromImage("debian")), RecipeHash.Of(Read(json)));

    [Fact]
    public void Strings_have_only_the_escapes_that_json_demands() =>
        Assert.Equal(
            "{\"nodes\":[{\"files\":[{\"path\":\"/x\",\"text\":\"\\u0001\\b\\t\\n\\f\\r\\\"\\\\/<>&'\u00e9\u2028\U0001F600\"}],\"image\":\"a\"}]}",
            Canonical("""{"nodes":[{"image":"a","files":[{"path":"/x","text":"\u0001\b\t\n\f\r\"\\\/\u003c>&'\u00e9\u2028\ud83d\ude00"}]}]}"""));

    [Theory]
    [InlineData("""null""")]
    [InlineData("""{}""")]
    [InlineData("""{"nodes":{}}""")]
    [InlineData("""{"nodes":[{"image":"a","files":[{"text":"no path"}]}]}""")]
    [InlineData("""{"nodes":[{"image":"a","colour":"red"}]}""")]
    [InlineData("""{"nodes":[{"image":"a","image":"b"}]}""")]
    [InlineData("""{"nodes":[{"image":"a"}],"parameters":[{"name":"A","type":"colour"}]}""")]
    [InlineData("""{"nodes":[{"image":"a"}],"parameters":[{"name":"A","type":1}]}""")]
    [InlineData("""{"nodes":[{"image":"a","ports":[80.5]}]}""")]
    [InlineData("""{"nodes":[{"image":"a","resources":{"cpuPercent":0.5}}]}""")]
    public void Json_that_is_no_recipe_is_refused(string json) =>
        Assert.Throws<JsonException>(() => Read(json));

    [Fact]
    public void Unknown_version_is_a_mistake() =>
        Assert.Equal(["version: 1"], RecipeRules.Validate(Read("""{"version":2,"nodes":[{"image":"debian"}]}""")));

    [Fact]
    public void Recipe_of_digests_without_repositories_is_a_lock()
    {
        var node = new RecipeNode { Image = "sha256:" + new string('a', 64) };

        Assert.True(new Recipe { Nodes = [node], Parameters = [new RecipeParameter { Name = "A" }] }.IsLock);
        Assert.False(new Recipe { Nodes = [node with { Image = "debian" }] }.IsLock);
        Assert.False(new Recipe { Nodes = [node with { Repositories = [new RecipeRepository { Url = "https://git.example/a", Path = "/a" }] }] }.IsLock);
    }

    [Theory]
    [InlineData("")]
    [InlineData("3F6FB0A342B8A326F96A19F1393135D5C4B4E52524F36F944300A09D2B733825")]
    public void Text_that_is_no_hash_is_refused(string text) => Assert.False(RecipeHash.TryParse(text, out _));

    [Fact]
    public void Hash_comes_back_from_its_text()
    {
        var hash = RecipeHash.Of(Recipe.FromImage("debian"));

        Assert.True(RecipeHash.TryParse(hash.Value, out var read));
        Assert.Equal(hash, read);
    }
}
