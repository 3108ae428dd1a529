using CsCheck;
using Sandbox.Core.Recipes;
using Sandbox.Recipes.Addresses;
using Xunit;

namespace Sandbox.Recipes.Tests;

public sealed class RepositoryAddressTests
{
    private static readonly string[] Pieces =
    [
        "/git/", "/v2/gh/", "/v2/gl/", "/v2/git/", "/v2/gist/", "/?stack=", "github.com", "/", "a", "%2F", "%00", "@", "..", "-x", "%0A", "https%3A%2F%2F", "https://raw.githubusercontent.com/", "127.0.0.1", ":443", "?path=", "&", "é", "%", "[::1]", "#", "\\", " ", "+",
    ];

    [Theory]
    [InlineData("/git/github.com/owner/repo", "https://github.com/owner/repo", null, null)]
    [InlineData("/git/github.com/owner/repo.git/", "https://github.com/owner/repo.git", null, null)]
    [InlineData("/git/github.com/owner/repo@v1.2", "https://github.com/owner/repo", "v1.2", null)]
    [InlineData("/git/github.com/owner/repo@feature/x?path=docs/a", "https://github.com/owner/repo", "feature/x", "docs/a")]
    [InlineData("/git/gitlab.com/group/sub/project@0123456789012345678901234567890123456789", "https://gitlab.com/group/sub/project", "0123456789012345678901234567890123456789", null)]
    [InlineData("/git/git.sr.ht/~user/repo?path=%2Fsrc%2F", "https://git.sr.ht/~user/repo", null, "src")]
    [InlineData("/v2/gh/binder-examples/requirements/HEAD", "https://github.com/binder-examples/requirements", null, null)]
    [InlineData("/v2/gh/owner/repo/feature/x?labpath=doc%2Findex.ipynb&filepath=other.ipynb", "https://github.com/owner/repo", "feature/x", "doc")]
    [InlineData("/v2/gh/owner/repo/master/?filepath=%2Fdoc", "https://github.com/owner/repo", "master", "doc")]
    [InlineData("/v2/gh/owner/repo/v1?urlpath=lab/tree/notebooks/a.ipynb%3Fautodecode", "https://github.com/owner/repo", "v1", "notebooks")]
    [InlineData("/v2/gh/owner/repo", "https://github.com/owner/repo", null, null)]
    [InlineData("/v2/gl/group%2Fsub%2Frepo/main", "https://gitlab.com/group/sub/repo", "main", null)]
    [InlineData("/v2/gist/user/0123abcd", "https://gist.github.com/user/0123abcd", null, null)]
    [InlineData("/v2/gist/user/0123abcd/HEAD", "https://gist.github.com/user/0123abcd", null, null)]
    [InlineData("/v2/git/https%3A%2F%2Fgit.example%2Fteam%2Fapp.git/main", "https://git.example/team/app.git", "main", null)]
    [InlineData("/?stack=https://raw.githubusercontent.com/docker/voting-app/master/deploy/stack.yml&stack_name=vote", "https://github.com/docker/voting-app", "master", "deploy")]
    [InlineData("/?stack=https%3A%2F%2Fraw.githubusercontent.com%2Fdocker%2Fvoting-app%2Fmaster", "https://github.com/docker/voting-app", "master", null)]
    [InlineData("/?stack=/wordpress", "https://github.com/play-with-docker/stacks", "master", "wordpress")]
    [InlineData("/?stack=https://gitlab.com/group/sub/app/-/raw/main/compose.yaml", "https://gitlab.com/group/sub/app", "main", null)]
    public void Address_names_a_repository(string target, string url, string? name, string? folder)
    {
        Assert.True(RepositoryAddress.TryParse(target, [], out var address, out var mistake), mistake);
        Assert.Equal((url, name, folder), (address.Url, address.Ref, address.Folder));
    }

    [Fact]
    public void Stack_is_a_file_of_its_repository()
    {
        Assert.True(RepositoryAddress.TryParse("/?stack=https://raw.githubusercontent.com/docker/voting-app/refs/heads/main/a/stack.yml", [], out var address, out _));
        Assert.Equal(("main", "a", "a/stack.yml", "voting-app"), (address.Ref, address.Folder, address.Stack, address.Name));
    }

    [Theory]
    [InlineData("/git/127.0.0.1/a/b")]
    [InlineData("/git/127.1/a/b")]
    [InlineData("/git/2130706433/a/b")]
    [InlineData("/git/0x7f000001/a/b")]
    [InlineData("/git/0x7f.1/a/b")]
    [InlineData("/git/[::1]/a/b")]
    [InlineData("/git/[::ffff:10.0.0.1]/a/b")]
    [InlineData("/git/localhost/a/b")]
    [InlineData("/git/a.localhost/a/b")]
    [InlineData("/git/git/a/b")]
    [InlineData("/git/git.internal/a/b")]
    [InlineData("/git/github.com./a/b")]
    [InlineData("/git/github.com:8443/a/b")]
    [InlineData("/git/github.com:22/a/b")]
    [InlineData("/git/user@github.com/a/b")]
    [InlineData("/git/user:word@github.com/a/b")]
    [InlineData("/git/github.com%2F..%2Fevil.example/a/b")]
    [InlineData("/git/github.com%23/a/b")]
    [InlineData("/git/github.com/a/b@--upload-pack=x")]
    [InlineData("/git/github.com/a/b@-x")]
    [InlineData("/git/github.com/a/b@a..b")]
    [InlineData("/git/github.com/a/b@a%20b")]
    [InlineData("/git/github.com/a/b@a%0Ab")]
    [InlineData("/git/github.com/a/b@")]
    [InlineData("/git/github.com/a/..")]
    [InlineData("/git/github.com/a/%2e%2e")]
    [InlineData("/git/github.com/a/b%0A")]
    [InlineData("/git/github.com/a/b%00")]
    [InlineData("/git/github.com/a/b%3Fx")]
    [InlineData("/git/github.com/")]
    [InlineData("/git/github.com")]
    [InlineData("/git")]
    [InlineData("/git/github.com/a/b?path=../..")]
    [InlineData("/git/github.com/a/b?path=a%0Ab")]
    [InlineData("/v2/gh/owner")]
    [InlineData("/v2/gh/owner/repo/--x")]
    [InlineData("/v2/zenodo/10.5281/zenodo.1")]
    [InlineData("/v2/git/http%3A%2F%2Fgit.example%2Fa/main")]
    [InlineData("/v2/git/https%3A%2F%2F10.0.0.1%2Fa/main")]
    [InlineData("/v2/git/file%3A%2F%2F%2Fetc/main")]
    [InlineData("/v2/git/ext%3A%3Ash/main")]
    [InlineData("/v2/git/git%40github.com%3Aa%2Fb/main")]
    [InlineData("/v2/git")]
    [InlineData("/?stack=http://169.254.169.254/latest/meta-data/stack.yml")]
    [InlineData("/?stack=https://169.254.169.254/latest/meta-data/stack.yml")]
    [InlineData("/?stack=https://files.example/stack.yml")]
    [InlineData("/?stack=https://raw.githubusercontent.com/a/b/-x/stack.yml")]
    [InlineData("/?stack=")]
    [InlineData("/")]
    [InlineData("")]
    public void Address_is_refused_in_words(string target)
    {
        Assert.False(RepositoryAddress.TryParse(target, [], out var address, out var mistake));
        Assert.Null(address);
        Assert.NotEmpty(mistake);
    }

    [Fact]
    public void Long_address_is_refused() => Assert.False(RepositoryAddress.TryParse("/git/github.com/a/" + new string('b', 5000), [], out _, out _));

    [Fact]
    public void Hosts_that_are_named_are_accepted()
    {
        Assert.True(RepositoryAddress.TryParse("/git/127.0.0.1:8443/team/app.git@main", ["127.0.0.1:8443"], out var address, out _));
        Assert.Equal(("https://127.0.0.1:8443/team/app.git", "app"), (address.Url, address.Name));
        Assert.False(RepositoryAddress.TryParse("/git/127.0.0.1:8444/team/app.git@main", ["127.0.0.1:8443"], out _, out _));
        Assert.False(RepositoryAddress.TryParse("/git/127.0.0.1/team/app.git@main", ["127.0.0.1:8443"], out _, out _));
    }

    [Fact]
    public void Whatever_the_target_is_the_answer_is_safe_for_git() =>
        Gen.Int[0, Pieces.Length - 1].Array[0, 14].Select(indexes => string.Concat(indexes.Select(index => Pieces[index]))).Sample(
            target =>
            {
                if (RepositoryAddress.TryParse(target, [], out var address, out var mistake))
                {
                    Assert.True(RepositoryRules.IsUrl(address.Url), address.Url);
                    Assert.True(address.Ref is null || RepositoryRules.IsRef(address.Ref), address.Ref);
                    Assert.True(address.Folder is null || !address.Folder.Split('/').Contains(".."), address.Folder);
                    Assert.NotEmpty(address.Name);
                }
                else
                {
                    Assert.NotEmpty(mistake);
                }
            },
            iter: 20_000);
}
