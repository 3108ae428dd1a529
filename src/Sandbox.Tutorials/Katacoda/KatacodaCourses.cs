using System.Text.Json;
using Sandbox.Recipes.Problems;
using Sandbox.Tutorials.Sources;

namespace Sandbox.Tutorials.Katacoda;

/// <summary>
/// The order of scenarios: Killercoda's <c>structure.json</c> <code>{"items":[{"path":"one","title":"One"}]}</code> and
/// Katacoda's <c>name-pathway.json</c> <code>{"title":"…","courses":[{"title":"…","course_id":"one"}]}</code>
/// </summary>
internal static class KatacodaCourses
{
    public static bool Is(string name) => name == "structure.json" || name.EndsWith("-pathway.json", StringComparison.Ordinal);

    public static Course? Read(TutorialSource source, string file, ProblemLog log)
    {
        if (LocatedJson.Parse(source.ReadText(file, log) ?? "", out var line, out _, out var mistake) is not { Kind: JsonValueKind.Object } json)
        {
            log.Mistake(file, line, $"not JSON: {mistake ?? "not an object"}");
            return null;
        }

        var entries = json["items"] ?? json["courses"] ?? json["scenarios"];
        if (entries is null)
        {
            log.Unsupported(file, 1, "a course must have items or courses");
            return null;
        }

        var folder = TutorialSource.FolderOf(file);
        var name = TutorialSource.NameOf(file);
        var items = new List<CourseItem>();
        foreach (var entry in entries.Items)
        {
            var target = entry.ValueOf("path") ?? entry.ValueOf("course_id") ?? entry.ValueOf("pathway_id") ?? entry.ValueOf("id");
            var external = entry.ValueOf("external_link");
            if ((target ?? external) is not { } named)
            {
                log.Unsupported(file, entry.Line, "an entry of a course must have a path", column: entry.Column);
                continue;
            }

            if (target is not null)
            {
                named = Find(source, folder, target, name) ?? target;
                if (!source.HasFolder(named) && !source.Has(named))
                {
                    log.Unsupported(file, entry.Line, $"{target} is not there", column: entry.Column);
                }
            }

            items.Add(new CourseItem(entry.ValueOf("title") ?? TutorialSource.NameOf(named), named));
        }

        var title = json.ValueOf("title") ?? (folder.Length > 0 ? TutorialSource.NameOf(folder) : source.Name);
        return new Course(title, json.ValueOf("description") ?? "", file, items);
    }

    private static string? Find(TutorialSource source, string folder, string target, string name)
    {
        // A pathway lies beside the folder that has its courses, or in it.
        var pathway = name.EndsWith("-pathway.json", StringComparison.Ordinal) ? name[..^"-pathway.json".Length] : "";
        string?[] places =
        [
            TutorialSource.Resolve(folder, target.TrimStart('/')),
            TutorialSource.Resolve(TutorialSource.Join(folder, pathway), target.TrimStart('/')),
            TutorialSource.Resolve(folder, target + "-pathway.json"),
            TutorialSource.Resolve("", target),
        ];
        return places.FirstOrDefault(place => place is { Length: > 0 } && (source.HasFolder(place) || source.Has(place)));
    }
}
