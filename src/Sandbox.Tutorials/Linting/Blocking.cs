using System.Text.RegularExpressions;

namespace Sandbox.Tutorials.Linting;

/// <summary>Finds commands that do not come back to the prompt by themselves.</summary>
public static partial class Blocking
{
    private static readonly (Regex Pattern, string Reason)[] Rules =
    [
        (Follows(), "it follows output until it is interrupted"),
        (Editors(), "it opens a full-screen program"),
        (Servers(), "it starts a server in the foreground"),
        (Loops(), "it loops without an end"),
        (Waits(), "it waits for input or for ever"),
        (DockerFront(), "docker compose stays in the foreground without -d"),
    ];

    /// <summary>Why the last command of a block may never return; null when nothing speaks for it.</summary>
    public static string? Reason(string command)
    {
        // The text of a here-document is data.
        var lines = WithoutHereDocuments(command.Replace("\\\n", " ", StringComparison.Ordinal));
        foreach (var line in lines)
        {
            var text = line.Trim();
            if (text.Length is 0 or > 4000 || text[0] == '#' || InBackground().IsMatch(text) || Bounded().IsMatch(text))
            {
                continue;
            }

            foreach (var (pattern, reason) in Rules)
            {
                if (pattern.IsMatch(text))
                {
                    return reason;
                }
            }
        }

        return null;
    }

    private static List<string> WithoutHereDocuments(string command)
    {
        var kept = new List<string>();
        string? until = null;
        foreach (var line in command.Split('\n'))
        {
            if (until is not null)
            {
                until = line.Trim() == until ? null : until;
                continue;
            }

            kept.Add(line);
            if (HereDocument().Match(line) is { Success: true } match)
            {
                until = match.Groups["end"].Value;
            }
        }

        return kept;
    }

    private const RegexOptions Options = RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture;

    [GeneratedRegex(@"<<-?[ \t]*[""']?(?<end>\w+)[""']?", Options, 1000)]
    private static partial Regex HereDocument();

    [GeneratedRegex(@"&[ \t]*$|\bnohup\b.*&|^(sudo\s+)?(docker|podman)\s+(container\s+)?run\s+([^|;&'""]*\s)?(-\w*d\w*|--detach)\s", Options, 1000)]
    private static partial Regex InBackground();

    [GeneratedRegex(@"\btimeout[ \t]+\d", Options, 1000)]
    private static partial Regex Bounded();

    [GeneratedRegex(@"(^|[\s;&|(])(sudo\s+)?(tail\s+(-\w+\s+)*-\w*[fF]\b|tail\s+--follow|journalctl\s+[^|]*(-\w*f\b|--follow)|(docker|podman|kubectl|docker-compose|docker\s+compose|docker\s+service)\s+([^|;&]*\s)?logs\s+[^|;&]*(-\w*f\b|--follow)|kubectl\s+get\s+[^|;&]*(-w\b|--watch\b)|dmesg\s+-\w*w)", Options, 1000)]
    private static partial Regex Follows();

    [GeneratedRegex(@"^(sudo\s+)?(vim?|nvim|nano|emacs|less|more|man|top|htop|watch|k9s|tmux|screen|mc|ctop)(\s|$)(?!.*(--version|--help|-v$))", Options, 1000)]
    private static partial Regex Editors();

    [GeneratedRegex(@"^(sudo\s+)?(python3?\s+-m\s+(http\.server|SimpleHTTPServer)|flask\s+run|npm\s+(start|run\s+(dev|start|serve))|yarn\s+(start|dev)|rails\s+s(erver)?\b|dotnet\s+(run|watch)\b|mvn\s+spring-boot:run|kubectl\s+(port-forward|proxy)\b|ng\s+serve|redis-server\s*$|dockerd\b|ping\s+(?!.*-[cw]))", Options, 1000)]
    private static partial Regex Servers();

    [GeneratedRegex(@"\bwhile\s+(true|:|\[\s*1\s*\]|sleep\s)(?!.*\bbreak\b)", Options, 1000)]
    private static partial Regex Loops();

    [GeneratedRegex(@"^(?!.*\b(docker|podman|kubectl)\b).*\bsleep\s+inf|^cat\s*$|^(sudo\s+)?nc\s+-\w*l(?!.*<)|^yes\s*$", Options, 1000)]
    private static partial Regex Waits();

    [GeneratedRegex(@"\bdocker(-compose|\s+compose)\s+([^|;&]*\s)?up\b(?![^|;&]*(\s-\w*d\b|--detach|--no-start|--wait))", Options, 1000)]
    private static partial Regex DockerFront();
}
