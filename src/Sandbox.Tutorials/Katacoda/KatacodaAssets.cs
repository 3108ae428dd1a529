using System.Text.RegularExpressions;
using Sandbox.Recipes.Problems;
using Sandbox.Tutorials.Sources;

namespace Sandbox.Tutorials.Katacoda;

/// <summary>
/// Reads <c>assets</c>: <code>{"host01":[{"file":"app*/*.js","target":"~/app/","chmod":"+x"}],"client":[…]}</code>
/// The files lie below <c>assets/</c>; <c>client</c> was the terminal's container and <c>host01</c> the machine, which are one here.
/// </summary>
internal sealed class KatacodaAssets(TutorialSource source, string folder, string index, ProblemLog log)
{
    private const int MostFiles = 2000;

    private readonly List<Asset> assets = [];

    public IReadOnlyList<Asset> Read(LocatedValue? json)
    {
        foreach (var (host, entries) in json?.Members ?? new Dictionary<string, LocatedValue>(StringComparer.Ordinal))
        {
            if (host is not ("client" or "host01"))
            {
                log.Unsupported(index, entries.Line, $"the files of {host} go to the one host there is", "details.assets." + host, entries.Column);
            }

            for (var i = 0; i < entries.Items.Count; i++)
            {
                ReadEntry(entries.Items[i], $"details.assets.{host}[{i}]");
            }
        }

        return assets;
    }

    private void ReadEntry(LocatedValue entry, string field)
    {
        var pattern = entry.ValueOf("file");
        var target = entry.ValueOf("target") ?? "~/";
        if (pattern is null)
        {
            log.Unsupported(index, entry.Line, "an asset must have a file", field + ".file", entry.Column);
            return;
        }

        var root = TutorialSource.Join(folder, "assets");
        var found = 0;
        if (pattern.Contains('*', StringComparison.Ordinal))
        {
            var matches = Glob(pattern.TrimStart('/', '.'));
            foreach (var file in source.Files.Where(file => file.StartsWith(root + "/", StringComparison.Ordinal) && matches.IsMatch(file[(root.Length + 1)..])))
            {
                Add(file, Directory(target) + (pattern.Contains('/', StringComparison.Ordinal) ? file[(root.Length + 1)..] : TutorialSource.NameOf(file)), entry);
                found++;
            }
        }
        else if (TutorialSource.Resolve(root, pattern.TrimStart('/')) is { } file && source.Has(file))
        {
            Add(file, Directory(target) + TutorialSource.NameOf(file), entry);
            found++;
        }

        if (found == 0)
        {
            log.Unsupported(index, entry.Line, $"no file assets/{pattern} is there", field + ".file", entry.Column);
        }
    }

    private void Add(string file, string target, LocatedValue entry)
    {
        if (assets.Count < MostFiles)
        {
            assets.Add(new Asset(file, target, entry.ValueOf("chmod")));
        }
        else
        {
            log.Unsupported(index, entry.Line, $"more than {MostFiles} files are copied; the rest is left out");
        }
    }

    /// <summary>A target is a directory, with or without the slash at its end.</summary>
    private static string Directory(string target) => target.EndsWith('/') ? target : target + "/";

    private static Regex Glob(string pattern) => new(
        "^" + Regex.Escape(pattern).Replace(@"\*\*/", "(.*/)?", StringComparison.Ordinal).Replace(@"\*\*", ".*", StringComparison.Ordinal).Replace(@"\*", "[^/]*", StringComparison.Ordinal).Replace("[^/]*\\.[^/]*", "[^/]*", StringComparison.Ordinal) + "$",
        RegexOptions.CultureInvariant | RegexOptions.NonBacktracking, TimeSpan.FromSeconds(1));
}
