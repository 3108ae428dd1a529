using System.Text.Json;
using CsCheck;
using Sandbox.Core.Images;
using Sandbox.Core.People;
using Sandbox.Core.Playgrounds;
using Sandbox.Core.Quotas;
using Sandbox.Core.Recipes;
using Sandbox.Core.Sandboxes;
using Xunit;

namespace Sandbox.Core.Tests.Recipes;

public sealed class RecipeRulesTests
{
    private static readonly RecipeNode Node = new() { Image = "debian" };

    [Fact]
    public void An_image_alone_is_a_recipe() => Assert.Empty(RecipeRules.Validate(Recipe.FromImage("debian")));

    [Fact]
    public void A_full_recipe_is_fine() => Good(new RecipeNode
    {
        Name = "web-1",
        Image = "sha256:" + new string('a', 64),
        Env = new Dictionary<string, string> { ["_A1"] = "any = thing\n" },
        Workdir = "/srv",
        User = "www-data:33",
        Files = [new RecipeFile { Path = "/a", Text = "" }, new RecipeFile { Path = "/b", Base64 = "AP8Q\nCg==", Mode = "4755" }],
        Setup = [["sh", "-c", ""]],
        Network = "none",
        Isolation = "gvisor-2",
    });

    [Fact]
    public void Every_mistake_is_named_at_once()
    {
        var mistakes = RecipeRules.Validate(new Recipe
        {
            Nodes =
            [
                new RecipeNode
                {
                    Name = "Main",
                    Image = "",
                    Env = new Dictionary<string, string> { ["1A"] = "x", ["B"] = "\0" },
                    Workdir = "relative",
                    User = "a b",
                    Network = "host",
                    Isolation = "gVisor",
                    Files = [new RecipeFile { Path = "/../etc", Text = "x", Base64 = "!", Mode = "999" }],
                    Setup = [[], ["", "x"]],
                },
            ],
        });

        Assert.Equal(
            [
                "nodes[0].name", "nodes[0].image", "nodes[0].env", "nodes[0].env", "nodes[0].workdir", "nodes[0].user",
                "nodes[0].files[0].path", "nodes[0].files[0].mode", "nodes[0].files[0]", "nodes[0].files[0].base64",
                "nodes[0].network", "nodes[0].isolation",
                "nodes[0].setup[0]", "nodes[0].setup[1]",
            ],
            mistakes.Select(mistake => mistake[..mistake.IndexOf(':', StringComparison.Ordinal)]));
    }

    [Fact]
    public void There_are_one_to_five_nodes()
    {
        Assert.Equal(["nodes: 1 to 5"], RecipeRules.Validate(new Recipe { Nodes = [] }));
        Assert.Empty(RecipeRules.Validate(new Recipe { Nodes = [.. Enumerable.Range(1, 5).Select(Named)] }));
        Assert.Equal(["nodes: 1 to 5"], RecipeRules.Validate(new Recipe { Nodes = [.. Enumerable.Range(1, 6).Select(Named)] }));

        RecipeNode Named(int number) => Node with { Name = $"node{number}" };
    }

    [Fact]
    public void Names_of_several_nodes_shadow_nothing()
    {
        Assert.Equal(["nodes[1].name: another node is called main"], RecipeRules.Validate(new Recipe { Nodes = [Node with { Name = "main" }, Node with { Name = "main" }] }));
        foreach (var name in new[] { "localhost", "resolver", "gateway", "10", "0x7f", "ip6-loopback" })
        {
            Assert.Equal([$"nodes[1].name: {name} means something else on a network"], RecipeRules.Validate(new Recipe { Nodes = [Node with { Name = "main" }, Node with { Name = name }] }));
            Assert.Empty(RecipeRules.Validate(new Recipe { Nodes = [Node with { Name = name }] }));
        }
    }

    [Fact]
    public void Every_node_is_checked() =>
        Assert.Equal(["nodes[1].image: 1 to 255 characters without spaces"], RecipeRules.Validate(new Recipe { Nodes = [Node, Node with { Name = "two", Image = "" }] }));

    [Fact]
    public void A_name_is_a_host_name() =>
        Gen.Char["az09-A_.é\n"].Array[0, 36].Sample(letters =>
        {
            var text = new string(letters);
            var isName = text.Length is >= 1 and <= 32
                && text.All(letter => letter is 'a' or 'z' or '0' or '9' or '-')
                && text[0] != '-' && text[^1] != '-';
            return RecipeRules.IsName(text) == isName;
        });

    [Theory]
    [InlineData("0", 0)]
    [InlineData("644", 0x1A4)]
    [InlineData("0755", 0x1ED)]
    [InlineData("7777", 0xFFF)]
    [InlineData("07777", 0xFFF)]
    public void A_mode_is_read_as_octal(string text, int mode)
    {
        Assert.True(RecipeRules.TryParseMode(text, out var read));
        Assert.Equal(mode, read);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("8")]
    [InlineData("-1")]
    [InlineData("+1")]
    [InlineData("10000")]
    [InlineData("17777")]
    [InlineData("000644")]
    [InlineData("0o644")]
    [InlineData("rwx")]
    public void A_mode_that_is_none_is_refused(string? text) => Assert.False(RecipeRules.TryParseMode(text, out _));

    [Theory]
    [InlineData("root", true)]
    [InlineData("1000", true)]
    [InlineData("www-data:www-data", true)]
    [InlineData("0:0", true)]
    [InlineData("", false)]
    [InlineData(":0", false)]
    [InlineData("0:", false)]
    [InlineData("a:b:c", false)]
    [InlineData("-x", false)]
    [InlineData("a b", false)]
    [InlineData("a\n", false)]
    [InlineData("a/b", false)]
    public void A_user_has_one_shape(string user, bool isGood) => Is(isGood, Node with { User = user });

    [Fact]
    public void Each_bound_holds_at_its_edge()
    {
        Is(true, Node with { Image = new string('a', 255) });
        Is(false, Node with { Image = new string('a', 256) });
        Is(true, Node with { User = new string('a', 64) });
        Is(false, Node with { User = new string('a', 65) });
        Is(true, Node with { Env = Env(256, "") });
        Is(false, Node with { Env = Env(257, "") });
        Is(true, Node with { Env = new Dictionary<string, string> { ["A"] = new string('x', (64 * 1024) - 3) } });
        Is(false, Node with { Env = new Dictionary<string, string> { ["A"] = new string('x', (64 * 1024) - 2) } });
        Is(true, Node with { Workdir = "/" + string.Join('/', Enumerable.Repeat("a", 2047)) });
        Is(false, Node with { Workdir = "/" + string.Join('/', Enumerable.Repeat("a", 2049)) });
        Is(true, Node with { Files = [.. Enumerable.Repeat(new RecipeFile { Path = "/a", Text = "" }, 64)] });
        Is(false, Node with { Files = [.. Enumerable.Repeat(new RecipeFile { Path = "/a", Text = "" }, 65)] });
        Is(true, Node with { Files = [new RecipeFile { Path = "/a", Text = new string('x', 1 << 20) }] });
        Is(false, Node with { Files = [new RecipeFile { Path = "/a", Text = new string('x', 1 << 20) }, new RecipeFile { Path = "/b", Text = "x" }] });
        Is(false, Node with { Files = [new RecipeFile { Path = "/a", Text = new string('é', (1 << 19) + 1) }] });
        Is(true, Node with { Files = [new RecipeFile { Path = "/a", Base64 = Convert.ToBase64String(new byte[1 << 20], Base64FormattingOptions.InsertLineBreaks) }] });
        Is(false, Node with { Files = [new RecipeFile { Path = "/a", Base64 = Convert.ToBase64String(new byte[(1 << 20) + 1]) }] });
        Is(false, Node with { Files = [new RecipeFile { Path = "/a", Base64 = "AA==" + new string(' ', 2 << 20) }] });
        Is(true, Node with { Setup = [.. Enumerable.Repeat(new[] { "true" }, 32)] });
        Is(false, Node with { Setup = [.. Enumerable.Repeat(new[] { "true" }, 33)] });
        Is(true, Node with { Setup = [[.. Enumerable.Repeat("x", 256)]] });
        Is(false, Node with { Setup = [[.. Enumerable.Repeat("x", 257)]] });
        Is(true, Node with { Setup = [["x", new string('x', (128 * 1024) - 3)]] });
        Is(false, Node with { Setup = [["x", new string('x', (128 * 1024) - 2)]] });
        Is(false, Node with { Setup = [["x", new string('x', 70_000)], ["x", new string('x', 70_000)]] });
    }

    [Theory]
    [InlineData("""{"nodes":null}""")]
    [InlineData("""{"nodes":[null]}""")]
    [InlineData("""{"nodes":[{"image":null}]}""")]
    [InlineData("""{"nodes":[{"image":"a","name":null}]}""")]
    [InlineData("""{"nodes":[{"image":"a","env":null}]}""")]
    [InlineData("""{"nodes":[{"image":"a","env":{"A":null}}]}""")]
    [InlineData("""{"nodes":[{"image":"a","env":{"":"x"}}]}""")]
    [InlineData("""{"nodes":[{"image":"a","files":null}]}""")]
    [InlineData("""{"nodes":[{"image":"a","files":[null]}]}""")]
    [InlineData("""{"nodes":[{"image":"a","files":[{"path":null,"text":"x"}]}]}""")]
    [InlineData("""{"nodes":[{"image":"a","files":[{"path":"/a"}]}]}""")]
    [InlineData("""{"nodes":[{"image":"a","files":[{"path":"/","text":"x"}]}]}""")]
    [InlineData("""{"nodes":[{"image":"a","ports":null}]}""")]
    [InlineData("""{"nodes":[{"image":"a","ports":[null]}]}""")]
    [InlineData("""{"nodes":[{"image":"a","resources":{}}]}""")]
    [InlineData("""{"nodes":[{"image":"a","repositories":null}]}""")]
    [InlineData("""{"nodes":[{"image":"a","repositories":[null]}]}""")]
    [InlineData("""{"nodes":[{"image":"a","repositories":[{"url":null,"path":"/a"}]}]}""")]
    [InlineData("""{"nodes":[{"image":"a","repositories":[{"url":"https://a/b","path":null}]}]}""")]
    [InlineData("""{"nodes":[{"image":"a"}],"parameters":null}""")]
    [InlineData("""{"nodes":[{"image":"a"}],"parameters":[null]}""")]
    [InlineData("""{"nodes":[{"image":"a"}],"parameters":[{"name":null}]}""")]
    [InlineData("""{"nodes":[{"image":"a"}],"parameters":[{"name":"A","choices":null}]}""")]
    [InlineData("""{"nodes":[{"image":"a"}],"parameters":[{"name":"A","type":"choice","choices":[null]}]}""")]
    [InlineData("""{"nodes":[{"image":"a"}],"terminals":null}""")]
    [InlineData("""{"nodes":[{"image":"a"}],"terminals":[null]}""")]
    [InlineData("""{"nodes":[{"image":"a"}],"terminals":[{"command":null}]}""")]
    [InlineData("""{"nodes":[{"image":"a"}],"terminals":[{"command":[null]}]}""")]
    [InlineData("""{"nodes":[{"image":"a","setup":null}]}""")]
    [InlineData("""{"nodes":[{"image":"a","setup":[null]}]}""")]
    [InlineData("""{"nodes":[{"image":"a","setup":[[null]]}]}""")]
    [InlineData("""{"nodes":[{"image":"a","setup":[["a\u0000b"]]}]}""")]
    public void Json_with_holes_is_refused_in_words(string json)
    {
        var recipe = JsonSerializer.Deserialize<Recipe>(json, JsonSerializerOptions.Web)!;

        Assert.Single(RecipeRules.Validate(recipe));
    }

    [Fact]
    public void Whatever_passes_can_be_written()
    {
        var files = Gen.Select(
            OneOf("/a", "/a/b", "a", "/", "/..", ""),
            OneOf(null, "", "text"),
            OneOf(null, "", "AA==", "A", "é", " AAAA "),
            OneOf(null, "", "644", "9"));
        files.Sample((path, text, base64, mode) =>
        {
            var file = new RecipeFile { Path = path!, Text = text, Base64 = base64, Mode = mode };
            if (RecipeRules.Validate(new Recipe { Nodes = [Node with { Files = [file] }] }).Count == 0)
            {
                Assert.NotNull(file.Content);
                Assert.True(file.Text is null != file.Base64 is null);
                Assert.StartsWith("/a", file.Path, StringComparison.Ordinal);
            }
        });
    }

    [Fact]
    public void What_somebody_wrote_stands_in_a_message_short_and_on_one_line()
    {
        var mistake = Assert.Single(Validate(Node with { Env = new Dictionary<string, string> { [new string('\n', 1000)] = "" } }));

        Assert.True(mistake.Length < 200);
        Assert.DoesNotContain('\n', mistake);
    }

    [Fact]
    public void The_daemon_checks_a_spec_again()
    {
        var spec = new SandboxSpec
        {
            Id = SandboxId.New(),
            Playground = PlaygroundId.New(),
            Owner = PersonId.New(),
            Name = "main",
            Image = Digest.Parse("sha256:" + new string('a', 64)),
            Limits = Plan.Guest.PerSandbox,
            OwnerLimits = Plan.Guest.Total,
            Deadline = DateTimeOffset.UnixEpoch,
        };
        Assert.Empty(SandboxRules.Validate(spec));

        var mistakes = SandboxRules.Validate(spec with
        {
            Id = default,
            Playground = default,
            Owner = default,
            Image = default,
            Name = "a/b",
            Workdir = "/..",
            Limits = new SandboxLimits(double.NaN, 0, 0, -1, long.MaxValue),
        });
        Assert.Equal(
            ["id", "playground", "owner", "image", "name", "workdir", "limits.cpus", "limits.memoryBytes", "limits.pids", "limits.diskBytes", "limits.inodes"],
            mistakes.Select(mistake => mistake[..mistake.IndexOf(':', StringComparison.Ordinal)]));
    }

    private static Gen<string?> OneOf(params string?[] texts) => Gen.Int[0, texts.Length - 1].Select(at => texts[at]);

    private static Dictionary<string, string> Env(int count, string value) =>
        Enumerable.Range(0, count).ToDictionary(number => $"A{number}", _ => value);

    private static IReadOnlyList<string> Validate(RecipeNode node) => RecipeRules.Validate(new Recipe { Nodes = [node] });

    private static void Good(RecipeNode node) => Assert.Empty(Validate(node));

    private static void Is(bool isGood, RecipeNode node)
    {
        var mistakes = Validate(node);
        Assert.True(mistakes.Count == 0 == isGood, string.Join("; ", mistakes.DefaultIfEmpty("no mistake was found")));
    }
}
