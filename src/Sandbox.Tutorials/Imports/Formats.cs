using Sandbox.Recipes.Problems;
using Sandbox.Tutorials.Educates;
using Sandbox.Tutorials.Folders;
using Sandbox.Tutorials.Grafana;
using Sandbox.Tutorials.Katacoda;
using Sandbox.Tutorials.Labspaces;
using Sandbox.Tutorials.PlayWithDocker;
using Sandbox.Tutorials.Sources;

namespace Sandbox.Tutorials.Imports;

/// <summary>A tutorial that was recognised, and how it is read.</summary>
internal sealed record FoundTutorial(TutorialFormat Format, string Path, Func<Scenario> Read);

/// <summary>Recognises formats by their files.</summary>
internal static class Formats
{
    public static IEnumerable<FoundTutorial> Find(TutorialSource source, ProblemLog log)
    {
        foreach (var folder in source.Folders)
        {
            if (Workshop.RootOf(folder) is { } root && source.FilesOf(folder).Any(file => file.EndsWith(".md", StringComparison.Ordinal)))
            {
                yield return new FoundTutorial(TutorialFormat.Educates, root, () => Workshop.Read(source, root));
            }

            if (FindIn(source, folder, log) is { } found)
            {
                yield return found;
            }

            foreach (var page in FindPages(source, folder))
            {
                yield return page;
            }
        }
    }

    /// <summary>A tutorial that is the whole of a folder.</summary>
    private static FoundTutorial? FindIn(TutorialSource source, string folder, ProblemLog log)
    {
        if (source.Has(TutorialSource.Join(folder, TutorialFolder.FileName)))
        {
            return new FoundTutorial(TutorialFormat.Sandbox, folder, () => TutorialFolder.Read(source, folder));
        }

        foreach (var name in (string[])["labspace.yaml", "labspace.yml"])
        {
            var file = TutorialSource.Join(folder, name);
            if (source.Has(file))
            {
                return new FoundTutorial(TutorialFormat.Labspace, folder, () => Labspace.Read(source, file));
            }
        }

        var index = TutorialSource.Join(folder, "index.json");
        return source.Has(index) && source.ReadText(index, log) is { } text && KatacodaScenario.Is(source, folder, text)
            ? new FoundTutorial(TutorialFormat.Katacoda, folder, () => KatacodaScenario.Read(source, folder, text))
            : null;
    }

    /// <summary>Tutorials of one Markdown file each.</summary>
    private static List<FoundTutorial> FindPages(TutorialSource source, string folder)
    {
        var found = new List<FoundTutorial>();
        var posts = new List<(string File, string Text)>();
        var generated = source.Has(TutorialSource.Join(folder, "index.json"));
        var ignored = new ProblemLog();
        foreach (var file in source.FilesOf(folder))
        {
            if (!file.EndsWith(".md", StringComparison.Ordinal) && !file.EndsWith(".markdown", StringComparison.Ordinal))
            {
                continue;
            }

            // Without a front matter it is neither.
            if (source.ReadText(file, ignored) is not { } text || !text.StartsWith("---", StringComparison.Ordinal))
            {
                continue;
            }

            if (GrafanaPage.Is(text))
            {
                // The source that an index.json beside it was made from is the same tutorial.
                if (!generated)
                {
                    found.Add(new FoundTutorial(TutorialFormat.Grafana, file, () => GrafanaPage.Read(source, file, text)));
                }
            }
            else if (Post.IsPost(text))
            {
                posts.Add((file, text));
            }
        }

        // Any site of Jekyll has such pages; these are labs if one of them has a terminal.
        if (posts.Exists(post => Post.HasTerminals(post.Text)))
        {
            found.AddRange(posts.Select(post => new FoundTutorial(TutorialFormat.PlayWithDocker, post.File, () => Post.Read(source, post.File, post.Text))));
        }

        return found;
    }
}
