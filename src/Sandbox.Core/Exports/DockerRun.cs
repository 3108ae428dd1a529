using System.Globalization;
using Sandbox.Core.Networks;
using Sandbox.Core.Quotas;
using Sandbox.Core.Recipes;

namespace Sandbox.Core.Exports;

/// <summary>The <c>docker run</c> line of a sandbox, for a POSIX shell. https://docs.docker.com/reference/cli/docker/container/run/</summary>
public static class DockerRun
{
    /// <summary>The command, on one line.</summary>
    /// <param name="image">The image's name, with a tag.</param>
    /// <param name="name">The sandbox's name, which is its host name.</param>
    /// <param name="limits">Its limits. Docker has none for a container's disk and inodes.</param>
    /// <param name="content">Variables, directory, user and network that the image does not carry.</param>
    public static string Line(string image, string name, SandboxLimits limits, RecipeContent content)
    {
        var words = new List<string>
        {
            "docker", "run", "--rm", "-it",
            "--hostname", name,
            "--cpus", limits.Cpus.ToString("0.###", CultureInfo.InvariantCulture),
            "--memory", limits.MemoryBytes.ToString(CultureInfo.InvariantCulture),
            "--pids-limit", limits.Pids.ToString(CultureInfo.InvariantCulture),
        };
        if (content.Network is not NetworkPolicy.Egress) // a network of nodes has to be made first, see docker network create --internal
        {
            words.AddRange("--network", "none");
        }

        foreach (var (variable, value) in content.Env.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            words.AddRange("--env", $"{variable}={value}");
        }

        if (content.Workdir is not null)
        {
            words.AddRange("--workdir", content.Workdir);
        }

        if (content.User is not null)
        {
            words.AddRange("--user", content.User);
        }

        words.Add(image);
        return string.Join(' ', words.Select(Quote));
    }

    private static string Quote(string word) =>
        word.Length > 0 && word.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '_' or '.' or '/' or ':' or '=' or ',' or '@' or '+')
            ? word
            : $"'{word.Replace("'", "'\\''", StringComparison.Ordinal)}'";
}
