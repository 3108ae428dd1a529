using System.IO.Compression;
using System.Text;
using Sandbox.Core.Errors;
using Sandbox.Tutorials.Sources;
using Xunit;

namespace Sandbox.Tutorials.Tests;

/// <summary>Folders and zips that were made to do harm.</summary>
public sealed class SourceTests
{
    private const string Index = "{\"title\":\"T\",\"details\":{\"steps\":[{\"text\":\"step1.md\"}]},\"backend\":{\"imageid\":\"ubuntu\"}}";

    [Fact]
    public void A_zip_is_read_in_place()
    {
        using var tree = new SampleTree();
        var zip = Zip(tree, ("repo-main/a/index.json", Index), ("repo-main/a/step1.md", "`ls`{{exec}}"));
        var scenario = Assert.Single(SampleTree.Import(zip).Scenarios);

        Assert.Equal("repo-main/a", scenario.Tutorial.Path);
        Assert.Single(scenario.Tutorial.Steps[0].Blocks);
    }

    [Theory]
    [InlineData("../evil")]
    [InlineData("/etc/passwd")]
    [InlineData("a/../../evil")]
    [InlineData("a\\..\\evil")]
    [InlineData("C:/evil")]
    [InlineData("a//b")]
    public void A_zip_that_leaves_its_folder_is_refused(string name)
    {
        using var tree = new SampleTree();
        var zip = Zip(tree, ("index.json", Index), (name, "x"));

        var refused = Assert.Throws<SandboxException>(() => SampleTree.Import(zip));
        Assert.Equal(ErrorCode.Invalid, refused.Code);
        Assert.Contains("leaves it", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_zip_bomb_is_refused()
    {
        using var tree = new SampleTree();
        var zip = Zip(tree, ("index.json", Index), ("bomb.md", new string('0', 40 * 1024 * 1024)));

        Assert.Contains("packed", Assert.Throws<SandboxException>(() => SampleTree.Import(zip)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_is_no_zip_is_refused()
    {
        using var tree = new SampleTree(("a.zip", "nothing of the kind"));

        Assert.Throws<SandboxException>(() => SampleTree.Import(tree.Root + "/a.zip"));
        Assert.Throws<SandboxException>(() => SampleTree.Import(tree.Root + "/missing"));
    }

    [Fact]
    public void Links_out_of_the_folder_are_named_and_not_followed()
    {
        using var outside = new SampleTree(("secret.md", "secret"));
        using var tree = new SampleTree(("a/index.json", Index), ("a/real.md", "`ls`{{exec}}"));
        File.CreateSymbolicLink(tree.Root + "/a/step1.md", outside.Root + "/secret.md");
        File.CreateSymbolicLink(tree.Root + "/a/step2.md", tree.Root + "/a/real.md");
        File.CreateSymbolicLink(tree.Root + "/a/turn.md", "turn.md");
        Directory.CreateSymbolicLink(tree.Root + "/up", "..");
        Directory.CreateSymbolicLink(tree.Root + "/b", outside.Root);
        File.CreateSymbolicLink(tree.Root + "/a/by-folder.md", "../b/secret.md");
        var result = tree.Import();

        Assert.Equal(["a/by-folder.md", "a/step1.md", "a/turn.md", "b", "up"], result.Problems.Select(problem => problem.File).Order(StringComparer.Ordinal));
        var scenario = Assert.Single(result.Scenarios);
        Assert.Empty(scenario.Tutorial.Steps[0].Passages);
        using var source = FolderSource.Open(tree.Root);
        Assert.Null(source.Read("a/step1.md"));
        Assert.Equal("`ls`{{exec}}", Encoding.UTF8.GetString(source.Read("a/step2.md")!));
    }

    [Theory]
    [InlineData("../../etc/passwd")]
    [InlineData("/../secret.md")]
    [InlineData("..\\secret.md")]
    public void References_out_of_the_folder_are_missing_files(string reference)
    {
        using var tree = new SampleTree(("a/index.json", Index.Replace("step1.md", reference.Replace("\\", "\\\\", StringComparison.Ordinal), StringComparison.Ordinal)), ("outside", "x"));
        var scenario = tree.Single();

        Assert.Contains("missing", Assert.Single(scenario.Problems).What, StringComparison.Ordinal);
    }

    [Fact]
    public void Five_megabytes_of_markdown_are_cut_and_named()
    {
        using var tree = SampleTree.Katacoda(string.Concat(Enumerable.Repeat("Text with `code`{{exec}} and <b>more</b>\n", 130_000)));
        var scenario = tree.Single();

        Assert.Contains(scenario.Problems, problem => problem.File == "step1.md" && problem.What.Contains("1024 KiB", StringComparison.Ordinal));
        Assert.True(scenario.Tutorial.Steps[0].Blocks.Count > 20_000);
    }

    private static string Zip(SampleTree tree, params (string Name, string Text)[] files)
    {
        var path = Path.Combine(tree.Root, "test.zip");
        using var archive = ZipFile.Open(path, ZipArchiveMode.Create);
        foreach (var (name, text) in files)
        {
            using var writer = new StreamWriter(archive.CreateEntry(name).Open());
            writer.Write(text);
        }

        return path;
    }
}
