using Sandbox.Core.Quotas;
using Sandbox.Core.Recipes;
using Xunit;

namespace Sandbox.Core.Tests.Recipes;

public sealed class NodeRulesTests
{
    private static readonly RecipeNode Node = new() { Image = "debian" };

    [Fact]
    public void Every_mistake_of_ports_resources_and_repositories_is_named_at_once() =>
        Assert.Equal(
            [
                "nodes[0].ports[1].port", "nodes[0].ports[2].port", "nodes[0].ports[2].name",
                "nodes[0].resources.cpuPercent", "nodes[0].resources.memoryMiB", "nodes[0].resources.diskMiB",
                "nodes[0].repositories[0].url", "nodes[0].repositories[0].ref", "nodes[0].repositories[0].path", "nodes[0].repositories[2].path",
            ],
            Places(Node with
            {
                Ports = [new RecipePort { Port = 80 }, new RecipePort { Port = 65536 }, new RecipePort { Port = 80, Name = "a\nb" }],
                Resources = new RecipeResources { CpuPercent = 0, MemoryMiB = 15, DiskMiB = int.MaxValue },
                Repositories = [Repository("ext::sh", "-x", "/proc/1"), Repository("https://a/b", null, "/a"), Repository("https://a/b", null, "/a/")],
            }));

    [Fact]
    public void Each_bound_holds_at_its_edge()
    {
        Assert.Empty(Places(Node with { Ports = [.. Enumerable.Range(1, 16).Select(port => new RecipePort { Port = port })] }));
        Assert.Equal(["nodes[0].ports"], Places(Node with { Ports = [.. Enumerable.Range(1, 17).Select(port => new RecipePort { Port = port })] }));
        Assert.Empty(Places(Node with { Repositories = [.. "abcd".Select(letter => Repository("https://a/b", null, $"/{letter}"))] }));
        Assert.Equal(["nodes[0].repositories"], Places(Node with { Repositories = [.. "abcde".Select(letter => Repository("https://a/b", null, $"/{letter}"))] }));
        Assert.Empty(Places(Node with { Resources = new RecipeResources { CpuPercent = 6400, MemoryMiB = 16, DiskMiB = 16 } }));
    }

    [Theory]
    [InlineData("https://github.com/a/b.git", true)]
    [InlineData("https://git.example:8443/a/b?x=y", true)]
    [InlineData("https://git.example/~a/b@c", true)]
    [InlineData("http://github.com/a/b", false)]
    [InlineData("HTTPS://github.com/a/b", false)]
    [InlineData("https://github.com", false)]
    [InlineData("https://github.com/", false)]
    [InlineData("https:///a/b", false)]
    [InlineData("https://user@github.com/a/b", false)]
    [InlineData("https://user:word@github.com/a/b", false)]
    [InlineData("https://@github.com/a/b", false)]
    [InlineData("https://github.com/a/b\n", false)]
    [InlineData("https://github.com/a%0Ab", false)]
    [InlineData("https://github.com/%00", false)]
    [InlineData("https://github.com/a b", false)]
    [InlineData("https://github.com/a#b", false)]
    [InlineData("https://github.com\\@evil/a", false)]
    [InlineData("--upload-pack=x", false)]
    [InlineData("ext::sh -c x", false)]
    [InlineData("file:///etc/passwd", false)]
    [InlineData("git@github.com:a/b", false)]
    [InlineData(null, false)]
    public void Repository_has_an_https_url(string? url, bool isGood) => Assert.Equal(isGood, RepositoryRules.IsUrl(url));

    [Theory]
    [InlineData("main", true)]
    [InlineData("feature/é-1", true)]
    [InlineData("v1.2.3", true)]
    [InlineData("0123456789012345678901234567890123456789", true)]
    [InlineData("", false)]
    [InlineData("-b", false)]
    [InlineData("--upload-pack=x", false)]
    [InlineData("a..b", false)]
    [InlineData("a b", false)]
    [InlineData("a\nb", false)]
    [InlineData("/a", false)]
    [InlineData("a/", false)]
    [InlineData("a//b", false)]
    [InlineData("a/.b", false)]
    [InlineData("a.lock", false)]
    [InlineData("a.", false)]
    [InlineData("a^b", false)]
    [InlineData("a:b", false)]
    [InlineData("a@{1}", false)]
    [InlineData("*", false)]
    public void Ref_is_no_option_and_no_range(string text, bool isGood) => Assert.Equal(isGood, RepositoryRules.IsRef(text));

    [Fact]
    public void Terminal_runs_a_command_or_a_line_on_a_node_of_the_recipe() =>
        Assert.Equal(
            ["terminals[0].node", "terminals[0].title", "terminals[0]", "terminals[1].run", "terminals[2].command"],
            Places(new Recipe
            {
                Nodes = [Node],
                Terminals =
                [
                    new RecipeTerminal { Node = "other", Title = "", Command = ["top"], Run = "top" },
                    new RecipeTerminal { Run = "exit\r" },
                    new RecipeTerminal { Command = [""] },
                ],
            }));

    [Fact]
    public void There_are_at_most_8_terminals()
    {
        Assert.Empty(Places(new Recipe { Nodes = [Node], Terminals = [.. Enumerable.Repeat(new RecipeTerminal(), 8)] }));
        Assert.Equal(["terminals"], Places(new Recipe { Nodes = [Node], Terminals = [.. Enumerable.Repeat(new RecipeTerminal(), 9)] }));
    }

    [Fact]
    public void Resources_only_lower_the_limits_of_a_plan()
    {
        var plan = Plan.Guest.PerSandbox;

        Assert.Equal(plan with { Cpus = 0.5, MemoryBytes = 64 << 20 }, new RecipeResources { CpuPercent = 50, MemoryMiB = 64, DiskMiB = 1 << 20 }.Lower(plan));
        Assert.Equal(plan, new RecipeResources().Lower(plan));
    }

    private static RecipeRepository Repository(string url, string? name, string path) => new() { Url = url, Ref = name, Path = path };

    private static IEnumerable<string> Places(RecipeNode node) => Places(new Recipe { Nodes = [node] });

    private static IEnumerable<string> Places(Recipe recipe) => RecipeRules.Validate(recipe).Select(mistake => mistake[..mistake.IndexOf(':', StringComparison.Ordinal)]);
}
