using Sandbox.Core.Recipes;
using Xunit;

namespace Sandbox.Core.Tests.Recipes;

public sealed class ParameterRulesTests
{
    private static readonly RecipeNode Node = new() { Image = "debian", Env = new Dictionary<string, string> { ["HOME"] = "/root" } };

    [Fact]
    public void Values_become_variables_of_every_node_and_are_not_interpreted()
    {
        const string hostile = "'; rm -rf / #\n$(id)`id`\"";
        var filled = ParameterRules.Fill(
            With(new RecipeParameter { Name = "NAME" }, new RecipeParameter { Name = "PORT", Type = RecipeParameterType.Number, Default = "80" }, new RecipeParameter { Name = "UNSET" }) with
            {
                Nodes = [Node with { Setup = [["echo", "NAME"]] }],
            },
            Values(("NAME", hostile)));

        Assert.Empty(filled.Parameters);
        Assert.Equal(new Dictionary<string, string> { ["HOME"] = "/root", ["NAME"] = hostile, ["PORT"] = "80" }, filled.Nodes[0].Env);
        Assert.Equal(["echo", "NAME"], filled.Nodes[0].Setup[0]);
        Assert.Empty(RecipeRules.Validate(filled));
    }

    [Fact]
    public void Every_mistake_of_the_values_is_named_at_once() =>
        Assert.Equal(
            [
                "parameters: the recipe has no parameter 'OTHER'", "parameters.A: required", "parameters.B: a number", "parameters.C: true or false",
                "parameters.D: one of the choices", "parameters.E: at most 2 characters", "parameters.F: cannot hold NUL",
            ],
            ParameterRules.Validate(
                With(
                    new RecipeParameter { Name = "A", IsRequired = true },
                    new RecipeParameter { Name = "B", Type = RecipeParameterType.Number },
                    new RecipeParameter { Name = "C", Type = RecipeParameterType.Boolean },
                    new RecipeParameter { Name = "D", Type = RecipeParameterType.Choice, Choices = ["x"] },
                    new RecipeParameter { Name = "E", MaxLength = 2 },
                    new RecipeParameter { Name = "F" }),
                Values(("OTHER", ""), ("B", "1e9"), ("C", "yes"), ("D", "X"), ("E", "abc"), ("F", "\0"))));

    [Fact]
    public void Recipe_is_not_filled_with_values_that_are_not_valid() =>
        Assert.Throws<ArgumentException>(() => ParameterRules.Fill(With(new RecipeParameter { Name = "A", IsRequired = true }), null));

    [Theory]
    [InlineData("0", true)]
    [InlineData("-1.50", true)]
    [InlineData("", true)]
    [InlineData("1\n", false)]
    [InlineData("+1", false)]
    [InlineData(".5", false)]
    [InlineData("0x10", false)]
    [InlineData("١", false)]
    public void Number_has_decimal_digits(string text, bool isGood) =>
        Assert.Equal(isGood, ParameterRules.Validate(With(new RecipeParameter { Name = "A", Type = RecipeParameterType.Number }), Values(("A", text))).Count == 0);

    [Fact]
    public void Empty_input_keeps_the_default_of_a_number_and_replaces_that_of_a_text()
    {
        var filled = ParameterRules.Fill(
            With(new RecipeParameter { Name = "A", Type = RecipeParameterType.Number, Default = "1" }, new RecipeParameter { Name = "B", Default = "b" }),
            Values(("A", ""), ("B", "")));

        Assert.Equal(("1", ""), (filled.Nodes[0].Env["A"], filled.Nodes[0].Env["B"]));
    }

    [Fact]
    public void Values_fit_into_the_variables_of_a_node()
    {
        var recipe = With([.. Enumerable.Range(0, 32).Select(number => new RecipeParameter { Name = $"A{number}" })]);

        Assert.Empty(ParameterRules.Validate(recipe, recipe.Parameters.Take(15).ToDictionary(parameter => parameter.Name, _ => new string('x', 4096))));
        Assert.Equal(
            ["parameters: at most 64 KiB together with the recipe's variables"],
            ParameterRules.Validate(recipe, recipe.Parameters.ToDictionary(parameter => parameter.Name, _ => new string('x', 4096))));
    }

    [Fact]
    public void Every_mistake_of_the_parameters_is_named_at_once() =>
        Assert.Equal(
            [
                "parameters[0].name", "parameters[0].title", "parameters[0].help", "parameters[2].name", "parameters[3].name", "parameters[3].default",
                "parameters[4].choices", "parameters[5].choices", "parameters[6].maxLength", "parameters[7].default", "parameters[8].choices", "parameters[9].type",
            ],
            RecipeRules.Validate(With(
                new RecipeParameter { Name = "1A", Title = "", Help = "\u001b[31m" },
                new RecipeParameter { Name = "A" },
                new RecipeParameter { Name = "A" },
                new RecipeParameter { Name = "HOME", IsSecret = true, Default = "x" },
                new RecipeParameter { Name = "B", Type = RecipeParameterType.Choice },
                new RecipeParameter { Name = "C", Choices = ["x"] },
                new RecipeParameter { Name = "D", Type = RecipeParameterType.Number, MaxLength = 3 },
                new RecipeParameter { Name = "E", Type = RecipeParameterType.Choice, Choices = ["x"], Default = "y" },
                new RecipeParameter { Name = "F", Type = RecipeParameterType.Choice, Choices = ["x", "x"] },
                new RecipeParameter { Name = "G", Type = (RecipeParameterType)9 })).Select(mistake => mistake[..mistake.IndexOf(':', StringComparison.Ordinal)]));

    [Fact]
    public void There_are_at_most_32_parameters()
    {
        Assert.Empty(RecipeRules.Validate(With([.. Enumerable.Range(0, 32).Select(number => new RecipeParameter { Name = $"A{number}" })])));
        Assert.Equal(["parameters: at most 32"], RecipeRules.Validate(With([.. Enumerable.Range(0, 33).Select(number => new RecipeParameter { Name = $"A{number}" })])));
    }

    private static Recipe With(params RecipeParameter[] parameters) => new() { Nodes = [Node], Parameters = parameters };

    private static Dictionary<string, string> Values(params (string Name, string Value)[] values) => values.ToDictionary(value => value.Name, value => value.Value);
}
