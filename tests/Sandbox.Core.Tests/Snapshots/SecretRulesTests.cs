using System.Text;
using Sandbox.Core.Snapshots;
using Xunit;

namespace Sandbox.Core.Tests.Snapshots;

/// <summary>What is shown to somebody before they share a state. No token here is anybody's: each is put together from pieces.</summary>
public sealed class SecretRulesTests
{
    private const string Letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

    public static TheoryData<string, string> Tokens => new()
    {
        { "private-key", "-----BEGIN " + "OPENSSH PRIVATE KEY-----" },
        { "private-key", "-----BEGIN " + "PRIVATE KEY-----" },
        { "private-key", "-----BEGIN " + "PGP PRIVATE KEY BLOCK-----" },
        { "aws-access-key", "key = AKIA" + "ABCDEFGHIJKLMNOP" },
        { "aws-secret-key", "aws_secret_access_key = " + Letters[..40] },
        { "aws-secret-key", "export AWS_SECRET_ACCESS_KEY=" + Letters[..40] },
        { "gcp-api-key", "AIza" + Letters[..35] },
        { "gcp-service-account", "\"private_key_id\": \"" + new string('a', 40) + "\"" },
        { "azure-storage-key", "AccountKey=" + new string('b', 86) + "==" },
        { "azure-client-secret", "secret: abc8Q~" + Letters[..34] },
        { "github-token", "ghp_" + Letters[..36] },
        { "github-token", "github_pat_" + Letters[..22] + "_" + Letters[..59] },
        { "gitlab-token", "glpat-" + Letters[..20] },
        { "slack-token", "xoxb-" + "1234567890-abcdef" },
        { "slack-webhook", "https://hooks.slack.com/services/" + "T0000000/B0000000/" + Letters[..24] },
        { "npm-token", "npm_" + Letters[..36] },
        { "npm-token", "//registry.example/:_authToken=" + Letters[..20] },
        { "pypi-token", "pypi-AgE" + Letters },
        { "jwt", "eyJ" + Letters[..20] + ".eyJ" + Letters[..20] + "." + Letters[..20] },
    };

    [Theory]
    [MemberData(nameof(Tokens))]
    public void A_token_is_found_on_its_line(string rule, string line)
    {
        Assert.Equal([(rule, 3)], Search($"first\nsecond\n{line}\nlast\n"));
        Assert.Equal([(rule, 1)], Search(line));
    }

    [Theory]
    [InlineData("xAKIAABCDEFGHIJKLMNOP")]
    [InlineData("AKIAABCDEFGHIJKLMNOPQ")]
    [InlineData("ghp_short")]
    [InlineData("-----BEGIN CERTIFICATE-----")]
    [InlineData("-----BEGIN PUBLIC KEY-----")]
    [InlineData("//registry.example/:_authToken=${NPM_TOKEN}")]
    [InlineData("eyJhbGciOi and no more")]
    public void What_only_begins_like_a_token_is_none(string line) => Assert.Empty(Search(line));

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(100)]
    [InlineData(5000)]
    public void A_token_is_found_wherever_the_pieces_of_the_file_end(int piece)
    {
        var text = string.Concat(Enumerable.Repeat("a line of text\n", 700)) + "ghp_" + Letters[..36] + "\n" + string.Concat(Enumerable.Repeat("more\n", 1500)) + "-----BEGIN " + "RSA PRIVATE KEY-----\n";
        Assert.Equal([("github-token", 701), ("private-key", 2202)], Search(text, piece));
    }

    [Fact]
    public void A_binary_file_is_not_searched()
    {
        var search = new SecretSearch();
        search.Add([0x7f, (byte)'E', (byte)'L', (byte)'F', 0]);
        Assert.False(search.WantsMore);
        search.Add(Encoding.ASCII.GetBytes("ghp_" + Letters[..36]));
        search.Finish();
        Assert.Empty(search.Found);
    }

    [Fact]
    public void One_file_names_twenty_places_at_most()
    {
        Assert.Equal(20, Search(string.Concat(Enumerable.Repeat("ghp_" + Letters[..36] + "\n", 1000))).Count);
    }

    [Theory]
    [InlineData("/root/.env", "env-file")]
    [InlineData("/srv/app/.env.production", "env-file")]
    [InlineData("/srv/app/.env.example", null)]
    [InlineData("/root/.aws/credentials", "aws-credentials")]
    [InlineData("/srv/credentials", null)]
    [InlineData("/root/.docker/config.json", "docker-config")]
    [InlineData("/srv/config.json", null)]
    [InlineData("/root/.netrc", "netrc")]
    [InlineData("/root/.git-credentials", "git-credentials")]
    [InlineData("/root/.ssh/id_ed25519", "ssh-key")]
    [InlineData("/root/.ssh/id_ed25519.pub", null)]
    [InlineData("/home/me/.bash_history", "shell-history")]
    [InlineData("/root/.local/share/fish/fish_history", "shell-history")]
    [InlineData("/root/.kube/config", "kube-config")]
    [InlineData("/etc/environment", null)]
    public void Some_paths_say_it_themselves(string path, string? rule) => Assert.Equal(rule, SecretRules.ForPath(path));

    private static IReadOnlyCollection<(string Rule, int Line)> Search(string text, int piece = 1 << 20)
    {
        var search = new SecretSearch();
        var bytes = Encoding.UTF8.GetBytes(text);
        for (var at = 0; at < bytes.Length; at += piece)
        {
            search.Add(bytes.AsSpan(at, Math.Min(piece, bytes.Length - at)));
        }

        search.Finish();
        return search.Found;
    }
}
