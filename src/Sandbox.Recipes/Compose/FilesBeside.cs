using System.Text.Json;
using Sandbox.Recipes.Problems;

namespace Sandbox.Recipes.Compose;

/// <summary>Names the parts of a compose file that need files beside it, which a file that was pasted does not have.</summary>
internal static class FilesBeside
{
    private const string Why = "needs files of the folder, which are not here. A git repository brings them.";

    public static void Name(LocatedValue root, string file, ProblemLog log)
    {
        void Add(LocatedValue? value, string field)
        {
            if (value is not null)
            {
                log.Unsupported(file, value.Line, Why, field, value.Column);
            }
        }

        Add(root["include"], "include");
        foreach (var kind in (string[])["configs", "secrets"])
        {
            foreach (var (name, value) in root[kind]?.Members ?? new Dictionary<string, LocatedValue>(StringComparer.Ordinal))
            {
                Add(value["file"], $"{kind}.{name}.file");
            }
        }

        foreach (var (name, service) in root["services"]?.Members ?? new Dictionary<string, LocatedValue>(StringComparer.Ordinal))
        {
            var at = $"services.{name}";
            if (service["build"] is { } build && build["dockerfile_inline"] is null && !(build.Text ?? build.ValueOf("context") ?? "").Contains("://", StringComparison.Ordinal))
            {
                Add(build, at + ".build");
            }

            Add(service["env_file"], at + ".env_file");
            Add(service["extends"]?["file"], at + ".extends.file");
            foreach (var volume in service["volumes"]?.Items ?? [])
            {
                var source = volume.Kind == JsonValueKind.Object ? (volume.ValueOf("type") == "bind" ? volume.ValueOf("source") : null) : volume.Text?.Split(':')[0];
                if (source is ['.', ..])
                {
                    Add(volume, at + ".volumes");
                }
            }
        }
    }
}
