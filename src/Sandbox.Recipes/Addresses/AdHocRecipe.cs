using Sandbox.Core.Networks;
using Sandbox.Core.Recipes;
using Sandbox.Recipes.Documents;
using Sandbox.Recipes.Problems;

namespace Sandbox.Recipes.Addresses;

/// <summary>
/// A recipe in the query of <c>/new</c>. Every name but <c>image</c>, <c>user</c>, <c>workdir</c> and <c>network</c> may stand several times; names that are not known are left alone.
/// <code>/new?image=python&amp;file=/root/hi.py=print("hi")&amp;run=python+hi.py&amp;port=8080&amp;env=DEBUG=1&amp;setup=pip+install+flask</code>
/// <list type="bullet">
/// <item><c>run</c>: a line that is typed into a terminal of its own</item>
/// <item><c>setup</c>: a line for /bin/sh that runs before the visitor enters</item>
/// <item><c>file</c>: a path, <c>=</c> and the text; <c>file64</c> the same with base64</item>
/// </list>
/// </summary>
public static class AdHocRecipe
{
    private const string File = "address";

    /// <summary>Reads the names and values of a query, decoded and in order. The field of a problem is <c>run[0]</c>: the name and its place among the same.</summary>
    public static RecipeReading Read(IEnumerable<KeyValuePair<string, string>> query)
    {
        var log = new ProblemLog();
        var values = query.Take(500).ToLookup(pair => pair.Key, pair => pair.Value, StringComparer.Ordinal);
        var recipe = new Recipe
        {
            Nodes =
            [
                new RecipeNode
                {
                    Image = Single(values, "image", log) ?? "",
                    User = Single(values, "user", log),
                    Workdir = Single(values, "workdir", log),
                    Network = Single(values, "network", log) ?? NetworkPolicy.Egress,
                    Domains = [.. values["domain"]],
                    Env = ReadEnv(values, log),
                    Files = [.. values["file"].Select(file => Split(file) is var (path, text) ? new RecipeFile { Path = path, Text = text } : new RecipeFile { Path = "" }),
                        .. values["file64"].Select(file => Split(file) is var (path, text) ? new RecipeFile { Path = path, Base64 = text } : new RecipeFile { Path = "" })],
                    Setup = [.. values["setup"].Select(line => (IReadOnlyList<string>)["/bin/sh", "-c", line])],
                    Ports = [.. values["port"].Select(port => new RecipePort { Port = int.TryParse(port, System.Globalization.CultureInfo.InvariantCulture, out var number) ? number : 0 })],
                },
            ],
            Terminals = [.. values["run"].Select(line => new RecipeTerminal { Run = line })],
        };
        foreach (var mistake in RecipeRules.Validate(recipe))
        {
            var parts = mistake.Split(": ", 2);
            var field = FieldOf(parts[0], values["file"].Count());
            if (!log.All.Any(problem => problem.Field == field))
            {
                log.Mistake(File, 1, parts[1], field);
            }
        }

        return new RecipeReading(log.HasMistakes ? null : recipe, log.All);
    }

    /// <summary><c>nodes[0].files[2].path</c> is <c>file[2]</c>, <c>terminals[1].run</c> is <c>run[1]</c>.</summary>
    private static string FieldOf(string path, int files)
    {
        var parts = path.Split('.').SkipWhile(part => part == "nodes[0]").ToList();
        var (name, index) = parts[0].Split('[') is [var list, var rest] ? (list, rest.TrimEnd(']')) : (parts[0], null);
        if (name == "files" && int.TryParse(index, System.Globalization.CultureInfo.InvariantCulture, out var at) && at >= files)
        {
            (name, index) = ("file64", (at - files).ToString(System.Globalization.CultureInfo.InvariantCulture));
        }

        name = name switch
        {
            "files" => "file",
            "terminals" => "run",
            "ports" => "port",
            "domains" => "domain",
            _ => name,
        };
        return index is null ? name : $"{name}[{index}]";
    }

    private static string? Single(ILookup<string, string> values, string name, ProblemLog log)
    {
        if (values[name].Skip(1).Any())
        {
            log.Mistake(File, 1, "appears more than once", name);
        }

        var value = values[name].FirstOrDefault();
        if (name == "image" && string.IsNullOrEmpty(value))
        {
            log.Mistake(File, 1, "is missing", name);
        }

        return string.IsNullOrEmpty(value) ? null : value;
    }

    private static Dictionary<string, string> ReadEnv(ILookup<string, string> values, ProblemLog log)
    {
        var env = new Dictionary<string, string>(StringComparer.Ordinal);
        var at = 0;
        foreach (var variable in values["env"])
        {
            if (Split(variable) is not var (name, value))
            {
                log.Mistake(File, 1, "must have the form NAME=value", $"env[{at}]");
            }
            else if (!env.TryAdd(name, value))
            {
                log.Mistake(File, 1, "is set more than once", $"env[{at}]");
            }

            at++;
        }

        return env;
    }

    private static (string Name, string Value)? Split(string text) => text.IndexOf('=', StringComparison.Ordinal) is > 0 and var at ? (text[..at], text[(at + 1)..]) : null;
}
