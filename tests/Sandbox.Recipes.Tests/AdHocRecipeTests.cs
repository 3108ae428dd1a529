using Sandbox.Core.Networks;
using Sandbox.Core.Recipes;
using Sandbox.Recipes.Addresses;
using Sandbox.Recipes.Documents;
using Xunit;

namespace Sandbox.Recipes.Tests;

public sealed class AdHocRecipeTests
{
    [Fact]
    public void Query_becomes_a_recipe()
    {
        var recipe = Read(
            ("image", "python"), ("file", "/root/hi.py=print('a=b')\n"), ("file64", "/root/b=AP8="), ("run", "python hi.py"), ("run", "top"), ("setup", "pip install flask"),
            ("env", "DEBUG=1"), ("env", "EMPTY="), ("port", "8080"), ("workdir", "/root"), ("user", "root"), ("network", "none"), ("utm_source", "blog")).Recipe!;
        var node = recipe.Nodes[0];

        Assert.Equal(("python", "/root", "root", NetworkPolicy.None, 8080), (node.Image, node.Workdir, node.User, node.Network, Assert.Single(node.Ports).Port));
        Assert.Equal([("/root/hi.py", "print('a=b')\n", null), ("/root/b", null, "AP8=")], node.Files.Select(file => (file.Path, file.Text, file.Base64)));
        Assert.Equal(["python hi.py", "top"], recipe.Terminals.Select(terminal => terminal.Run));
        Assert.Equal(["/bin/sh", "-c", "pip install flask"], Assert.Single(node.Setup));
        Assert.Equal(new Dictionary<string, string> { ["DEBUG"] = "1", ["EMPTY"] = "" }, node.Env);
        Assert.Empty(RecipeRules.Validate(recipe));
    }

    [Fact]
    public void Image_alone_is_the_shortest_recipe() =>
        Assert.Equal(RecipeHash.Of(Recipe.FromImage("debian")), RecipeHash.Of(Read(("image", "debian")).Recipe!));

    [Fact]
    public void Every_mistake_is_named_at_once()
    {
        var reading = Read(
            ("user", "a"), ("user", "b"), ("file", "relative=x"), ("file", "/a"), ("file64", "/b=!"), ("run", "a\nb"), ("env", "1A=x"), ("env", "NONE"), ("port", "http"), ("network", "lan"));

        Assert.Null(reading.Recipe);
        Assert.Equal(
            ["env", "env[1]", "file64[0]", "file[0]", "file[1]", "image", "network", "port[0]", "run[0]", "user"],
            reading.Problems.Select(problem => problem.Field!).Distinct().Order(StringComparer.Ordinal));
    }

    private static RecipeReading Read(params (string Name, string Value)[] query) => AdHocRecipe.Read(query.Select(pair => KeyValuePair.Create(pair.Name, pair.Value)));
}
