using System.Buffers;
using System.Text.RegularExpressions;

namespace Sandbox.Core.Snapshots;

/// <summary>
/// Patterns of secrets, each with a fixed piece of text by which it is found quickly: a file is searched for all pieces
/// at once, and only around one that occurs does a regular expression look closer.
/// </summary>
/// <remarks>Formats are those that the issuers document, for instance
/// https://github.blog/2021-04-05-behind-githubs-new-authentication-token-formats/ and
/// https://docs.gitlab.com/security/tokens/#token-prefixes.</remarks>
public static partial class SecretRules
{
    private static readonly Rule[] Rules =
    [
        new("private-key", "-----BEGIN ", 0, PrivateKey()),
        new("private-key", "PuTTY-User-Key-File-", 0, PuttyKey()),
        new("aws-access-key", "AKIA", 0, AwsAccessKey()),
        new("aws-access-key", "ASIA", 0, AwsAccessKey()),
        new("aws-secret-key", "aws_secret_access_key", 0, AwsSecretKey()),
        new("aws-secret-key", "AWS_SECRET_ACCESS_KEY", 0, AwsSecretKey()),
        new("gcp-api-key", "AIza", 0, GcpApiKey()),
        new("gcp-oauth-token", "ya29.", 0, GcpOAuthToken()),
        new("gcp-service-account", "\"private_key_id\"", 0, GcpServiceAccount()),
        new("azure-storage-key", "AccountKey=", 0, AzureStorageKey()),
        new("azure-client-secret", "8Q~", 3, AzureClientSecret()),
        new("github-token", "ghp_", 0, GitHubToken()),
        new("github-token", "gho_", 0, GitHubToken()),
        new("github-token", "ghu_", 0, GitHubToken()),
        new("github-token", "ghs_", 0, GitHubToken()),
        new("github-token", "ghr_", 0, GitHubToken()),
        new("github-token", "github_pat_", 0, GitHubFineGrainedToken()),
        new("gitlab-token", "glpat-", 0, GitLabToken()),
        new("gitlab-token", "gldt-", 0, GitLabToken()),
        new("gitlab-token", "glrt-", 0, GitLabToken()),
        new("gitlab-token", "glcbt-", 0, GitLabToken()),
        new("gitlab-token", "glptt-", 0, GitLabToken()),
        new("slack-token", "xox", 0, SlackToken()),
        new("slack-token", "xapp-", 0, SlackAppToken()),
        new("slack-webhook", "hooks.slack.com/services/", 0, SlackWebhook()),
        new("npm-token", "npm_", 0, NpmToken()),
        new("npm-token", ":_authToken=", 0, NpmAuthToken()),
        new("pypi-token", "pypi-", 0, PyPiToken()),
        new("jwt", "eyJ", 0, Jwt()),
    ];

    private static readonly SearchValues<string> Pieces = SearchValues.Create([.. Rules.Select(rule => rule.Piece)], StringComparison.Ordinal);

    private static readonly string[] Histories =
    [
        ".bash_history", ".zsh_history", ".ash_history", ".sh_history", ".histfile", ".python_history", ".node_repl_history",
        ".psql_history", ".mysql_history", ".sqlite_history", ".rediscli_history", ".irb_history", "fish_history",
    ];

    private const int Longest = 10_000; // ms: no pattern backtracks over more than a few kilobytes

    /// <summary>The longest text that a pattern looks at, from its piece on.</summary>
    public const int MaxMatch = 4096;

    /// <summary>The rule by which a file's path alone says that it holds secrets, or null. The path is absolute.</summary>
    public static string? ForPath(string path)
    {
        var name = path[(path.LastIndexOf('/') + 1)..];
        return name switch
        {
            ".env" => "env-file",
            ".netrc" or "_netrc" => "netrc",
            ".git-credentials" => "git-credentials",
            ".pgpass" => "pgpass",
            "credentials" when path.EndsWith("/.aws/credentials", StringComparison.Ordinal) => "aws-credentials",
            "credentials" when path.EndsWith("/git/credentials", StringComparison.Ordinal) => "git-credentials",
            "config.json" when path.EndsWith("/.docker/config.json", StringComparison.Ordinal) => "docker-config",
            "config" when path.EndsWith("/.kube/config", StringComparison.Ordinal) => "kube-config",
            "application_default_credentials.json" => "gcp-credentials",
            "accessTokens.json" or "msal_token_cache.json" when path.Contains("/.azure/", StringComparison.Ordinal) => "azure-credentials",
            _ when Histories.Contains(name, StringComparer.Ordinal) => "shell-history",
            _ when name.StartsWith(".env.", StringComparison.Ordinal) && !IsSample(name) => "env-file",
            _ when name.StartsWith("id_", StringComparison.Ordinal) && !name.EndsWith(".pub", StringComparison.Ordinal)
                && path.Contains("/.ssh/", StringComparison.Ordinal) => "ssh-key",
            _ => null,
        };
    }

    /// <summary>
    /// Searches a piece of text for patterns and says, for each, where in it the match begins. A match that begins in the
    /// last <see cref="MaxMatch"/> characters may be cut off: give those again with what follows.
    /// </summary>
    public static IEnumerable<(string Rule, int Offset)> Search(string text)
    {
        for (var at = 0; at < text.Length;)
        {
            var found = text.AsSpan(at).IndexOfAny(Pieces);
            if (found < 0)
            {
                yield break;
            }

            at += found;
            var length = 1;
            foreach (var rule in Rules)
            {
                var start = at - rule.Before;
                if (start < 0 || !text.AsSpan(at).StartsWith(rule.Piece, StringComparison.Ordinal))
                {
                    continue;
                }

                var match = rule.Pattern.Match(text, start, Math.Min(MaxMatch, text.Length - start));
                if (match.Success && !FollowsWord(text, start))
                {
                    yield return (rule.Name, start);
                    length = Math.Max(length, match.Length - rule.Before);
                    break;
                }
            }

            at += length;
        }
    }

    // A token is a word of its own: "xAKIA…" in a base64 text is none. A key's name may have a prefix ("export ").
    private static bool FollowsWord(string text, int start) =>
        start > 0 && (char.IsAsciiLetterOrDigit(text[start - 1]) || text[start - 1] == '_') && char.IsAsciiLetterOrDigit(text[start]);

    private static bool IsSample(string name) =>
        name.EndsWith(".example", StringComparison.Ordinal) || name.EndsWith(".sample", StringComparison.Ordinal)
        || name.EndsWith(".template", StringComparison.Ordinal) || name.EndsWith(".dist", StringComparison.Ordinal);

    // RFC 7468 and what OpenSSH and PGP write.
    [GeneratedRegex(@"\G-----BEGIN (?:[A-Z0-9]{1,20} ){0,3}PRIVATE KEY(?: BLOCK)?-----", RegexOptions.CultureInvariant, Longest)]
    private static partial Regex PrivateKey();

    [GeneratedRegex(@"\GPuTTY-User-Key-File-[0-9]: ", RegexOptions.CultureInvariant, Longest)]
    private static partial Regex PuttyKey();

    [GeneratedRegex(@"\GA[KS]IA[A-Z2-7]{16}(?![A-Za-z0-9])", RegexOptions.CultureInvariant, Longest)]
    private static partial Regex AwsAccessKey();

    [GeneratedRegex(@"\Gaws_secret_access_key[""']?\s{0,8}[=:]\s{0,8}[""']?[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+])", RegexOptions.CultureInvariant | RegexOptions.IgnoreCase, Longest)]
    private static partial Regex AwsSecretKey();

    [GeneratedRegex(@"\GAIza[0-9A-Za-z_-]{35}(?![0-9A-Za-z_-])", RegexOptions.CultureInvariant, Longest)]
    private static partial Regex GcpApiKey();

    [GeneratedRegex(@"\Gya29\.[0-9A-Za-z_-]{30,}", RegexOptions.CultureInvariant, Longest)]
    private static partial Regex GcpOAuthToken();

    [GeneratedRegex(@"\G""private_key_id""\s{0,8}:\s{0,8}""[0-9a-f]{40}""", RegexOptions.CultureInvariant, Longest)]
    private static partial Regex GcpServiceAccount();

    [GeneratedRegex(@"\GAccountKey=[A-Za-z0-9+/]{86}==", RegexOptions.CultureInvariant, Longest)]
    private static partial Regex AzureStorageKey();

    [GeneratedRegex(@"\G[A-Za-z0-9_~.-]{3}8Q~[A-Za-z0-9_~.-]{31,34}(?![A-Za-z0-9_~.-])", RegexOptions.CultureInvariant, Longest)]
    private static partial Regex AzureClientSecret();

    [GeneratedRegex(@"\Ggh[pousr]_[A-Za-z0-9]{36,255}(?![A-Za-z0-9])", RegexOptions.CultureInvariant, Longest)]
    private static partial Regex GitHubToken();

    [GeneratedRegex(@"\Ggithub_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59}", RegexOptions.CultureInvariant, Longest)]
    private static partial Regex GitHubFineGrainedToken();

    [GeneratedRegex(@"\Ggl(?:pat|dt|rt|cbt|ptt)-[0-9A-Za-z_-]{20,}", RegexOptions.CultureInvariant, Longest)]
    private static partial Regex GitLabToken();

    [GeneratedRegex(@"\Gxox[abceoprs]-[0-9A-Za-z.-]{10,}", RegexOptions.CultureInvariant, Longest)]
    private static partial Regex SlackToken();

    [GeneratedRegex(@"\Gxapp-[0-9]-[A-Z0-9]{8,}-[0-9]{8,}-[a-z0-9]{16,}", RegexOptions.CultureInvariant, Longest)]
    private static partial Regex SlackAppToken();

    [GeneratedRegex(@"\Ghooks\.slack\.com/services/T[A-Z0-9]{6,}/B[A-Z0-9]{6,}/[A-Za-z0-9]{16,}", RegexOptions.CultureInvariant, Longest)]
    private static partial Regex SlackWebhook();

    [GeneratedRegex(@"\Gnpm_[A-Za-z0-9]{36}(?![A-Za-z0-9])", RegexOptions.CultureInvariant, Longest)]
    private static partial Regex NpmToken();

    [GeneratedRegex(@"\G:_authToken=(?!\$\{)[^\s]{16,}", RegexOptions.CultureInvariant, Longest)]
    private static partial Regex NpmAuthToken();

    [GeneratedRegex(@"\Gpypi-AgE[0-9A-Za-z_-]{50,}", RegexOptions.CultureInvariant, Longest)]
    private static partial Regex PyPiToken();

    [GeneratedRegex(@"\GeyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}", RegexOptions.CultureInvariant, Longest)]
    private static partial Regex Jwt();

    /// <param name="Name">What is shown.</param>
    /// <param name="Piece">The text by which it is found.</param>
    /// <param name="Before">How many characters of the match stand before the piece.</param>
    /// <param name="Pattern">The whole of it.</param>
    private sealed record Rule(string Name, string Piece, int Before, Regex Pattern);
}
