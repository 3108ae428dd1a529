using System.Text;
using System.Text.RegularExpressions;
using Sandbox.Recipes.Problems;

namespace Sandbox.Recipes.Dockerfiles;

/// <summary>
/// Divides a Dockerfile into its instructions.
/// https://docs.docker.com/reference/dockerfile/#format
/// <code>
/// # escape=`
/// RUN one `
///     # a comment inside an instruction
///     two
/// COPY &lt;&lt;EOF /file
/// text
/// EOF
/// </code>
/// </summary>
internal sealed partial class DockerfileLines
{
    private static readonly string[] Known =
    [
        "ADD", "ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "HEALTHCHECK", "LABEL", "MAINTAINER", "ONBUILD", "RUN", "SHELL", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR",
    ];

    private readonly string _file;
    private readonly ProblemLog _log;
    private readonly string[] _lines;
    private int _at;
    private char _escape = '\\';

    private DockerfileLines(string text, string file, ProblemLog log)
    {
        (_file, _log) = (file, log);
        _lines = text.TrimStart('\uFEFF').Split('\n');
    }

    public static IReadOnlyList<DockerInstruction> Read(string text, string file, ProblemLog log)
    {
        var lines = new DockerfileLines(text, file, log);
        lines.SkipDirectives();
        var read = new List<DockerInstruction>();
        while (lines.Next() is { } instruction)
        {
            read.Add(instruction);
        }

        return read;
    }

    // They stand before everything else: "# syntax=docker/dockerfile:1", "# escape=`".
    private void SkipDirectives()
    {
        while (_at < _lines.Length && Directive().Match(_lines[_at]) is { Success: true } directive)
        {
            if (directive.Groups["name"].Value.Equals("escape", StringComparison.OrdinalIgnoreCase))
            {
                if (directive.Groups["value"].Value is not ("\\" or "`"))
                {
                    _log.Mistake(_file, _at + 1, "the escape character is \\ or `");
                }

                _escape = directive.Groups["value"].Value[0];
            }

            _at++;
        }
    }

    private DockerInstruction? Next()
    {
        var joined = new StringBuilder();
        var first = 0;
        while (_at < _lines.Length)
        {
            var line = _lines[_at++].TrimEnd();
            if (line.TrimStart() is "" or ['#', ..])
            {
                continue;
            }

            first = first == 0 ? _at : first;
            if (!line.EndsWith(_escape))
            {
                joined.Append(line);
                break;
            }

            joined.Append(line, 0, line.Length - 1);
        }

        return first == 0 ? null : Divide(joined.ToString().Trim(), first);
    }

    private DockerInstruction Divide(string text, int line)
    {
        var end = text.IndexOfAny([' ', '\t']);
        var written = end < 0 ? text : text[..end];
        var (name, rest) = (written.ToUpperInvariant(), end < 0 ? "" : text[end..].Trim());
        if (!Known.Contains(name, StringComparer.Ordinal))
        {
            _log.Mistake(_file, line, $"there is no instruction {written}{Nearest(name)}");
        }
        else if (rest.Length == 0 && name is not ("CMD" or "ENTRYPOINT"))
        {
            _log.Mistake(_file, line, $"{name} needs at least one argument");
        }

        if (name is "RUN" or "COPY" or "ADD")
        {
            foreach (Match document in Heredoc().Matches(rest))
            {
                SkipHeredoc(document.Groups["name"].Value, document.Groups["tabs"].Length > 0, line);
            }
        }

        return new DockerInstruction(line, name, rest);
    }

    private void SkipHeredoc(string name, bool ignoresTabs, int line)
    {
        while (_at < _lines.Length)
        {
            var text = _lines[_at++].TrimEnd('\r');
            if ((ignoresTabs ? text.TrimStart('\t') : text) == name)
            {
                return;
            }
        }

        _log.Mistake(_file, line, $"the text that begins with <<{name} has no line {name} at its end");
    }

    /// <summary>What was probably meant.</summary>
    private static string Nearest(string name) =>
        name.Length <= 16 && Known.Select(known => (Name: known, Distance: Distance(name, known))).MinBy(each => each.Distance) is { Distance: <= 2 } near ? $"; {near.Name} is one" : "";

    private static int Distance(string one, string other)
    {
        var row = Enumerable.Range(0, other.Length + 1).ToArray();
        for (var i = 1; i <= one.Length; i++)
        {
            var before = row[0];
            row[0] = i;
            for (var j = 1; j <= other.Length; j++)
            {
                (before, row[j]) = (row[j], Math.Min(Math.Min(row[j], row[j - 1]) + 1, before + (one[i - 1] == other[j - 1] ? 0 : 1)));
            }
        }

        return row[^1];
    }

    [GeneratedRegex(@"^\s*#\s*(?<name>[a-zA-Z][a-zA-Z0-9]*)\s*=\s*(?<value>\S+)\s*$", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Directive();

    [GeneratedRegex(@"(?<=^|\s)[0-9]*<<(?<tabs>-?)(?<quote>[""']?)(?<name>[A-Za-z_][A-Za-z0-9_.]*)\k<quote>(?=$|[\s;|&>)])", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Heredoc();
}
