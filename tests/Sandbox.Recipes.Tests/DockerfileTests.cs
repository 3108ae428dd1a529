using Sandbox.Recipes.Dockerfiles;
using Sandbox.Recipes.Problems;
using Xunit;

namespace Sandbox.Recipes.Tests;

public sealed class DockerfileTests
{
    [Fact]
    public void Only_the_images_that_the_target_needs_are_bases()
    {
        var file = Read("FROM unneeded AS one\nFROM needed AS two\nFROM third\nCOPY --from=two / /\nRUN --mount=type=bind,from=tools:1,target=/t true\nCOPY --from=0 / /\nFROM scratch\nCOPY --from=2 / /\n");
        Assert.Equal([new(1, "unneeded"), new(2, "needed"), new(3, "third"), new(5, "tools:1")], file.Bases);
        Assert.Equal(["needed"], Read("FROM a AS one\nFROM needed AS two\n").Bases.Select(each => each.Reference));
        Assert.Equal(["a"], Read("FROM a AS one\nFROM b\n", target: "ONE").Bases.Select(each => each.Reference));
    }

    [Theory]
    [InlineData("ARG v=1\nFROM image:$v", "image:1")]
    [InlineData("ARG v\nFROM image:${v:-2}", "image:2")]
    [InlineData("ARG v=1\nFROM image${v:+:3}", "image:3")]
    [InlineData("ARG a=x b=\"y z\"\nFROM $a", "x")]
    [InlineData("ARG given=no\nFROM image:$given", "image:yes")]
    [InlineData("FROM --platform=linux/amd64 image@sha256:0 AS x", "image@sha256:0")]
    public void Variables_before_the_first_stage_are_filled_in(string text, string expected) =>
        Assert.Equal(expected, Read(text, args: new() { ["given"] = "yes" }).Bases.Single().Reference);

    [Fact]
    public void Continued_lines_comments_and_heredocs_belong_to_one_instruction()
    {
        var file = Read("# escape=`\n# a comment\nFROM a\n\nRUN one `\n  # inside\n\n  two\nCOPY <<\"A\" <<-B /to/\nFROM not\nA\n\tB\nRUN echo $((1 << 2)) \"<<X\"\ncmd x\n");
        Assert.Equal([(3, "FROM"), (5, "RUN"), (9, "COPY"), (13, "RUN"), (14, "CMD")], file.Stages[0].Instructions.Select(each => (each.Line, each.Name)));
    }

    [Fact]
    public void The_flag_link_goes_and_lines_stay()
    {
        const string text = "FROM a\nCOPY --link --chown=1 x /x\nRUN echo --link\nADD --chmod=1 \\\n  --link=true y /y\n";
        Assert.Equal("FROM a\nCOPY --chown=1 x /x\nRUN echo --link\nADD --chmod=1 \\\n  y /y\n", DockerfileReader.WithoutLink(text, Read(text)));
    }

    [Theory]
    [InlineData("FROM a\nRUNN x\n", "Dockerfile:2:1: there is no instruction RUNN; RUN is one")]
    [InlineData("FROM a b\n", "Dockerfile:1:1: FROM takes an image, or an image AS a name")]
    [InlineData("FROM a\nCOPY\n", "Dockerfile:2:1: COPY needs at least one argument")]
    [InlineData("RUN x\n", "Dockerfile:1:1: RUN comes before the first FROM; only ARG may")]
    [InlineData("", "Dockerfile:1:1: there is no FROM, so nothing to build on")]
    public void A_mistake_has_its_line(string text, string expected)
    {
        var log = new ProblemLog();
        Assert.Null(DockerfileReader.Read(text, "Dockerfile", new Dictionary<string, string>(), null, log));
        Assert.Equal(expected, log.All[0].ToString());
    }

    private static DockerfileText Read(string text, string? target = null, Dictionary<string, string>? args = null)
    {
        var log = new ProblemLog();
        return DockerfileReader.Read(text, "Dockerfile", args ?? [], target, log) ?? throw new InvalidOperationException(string.Join("; ", log.All));
    }
}
