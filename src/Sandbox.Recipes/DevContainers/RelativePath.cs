namespace Sandbox.Recipes.DevContainers;

/// <summary>Paths that a file of a repository names, relative to its folder.</summary>
internal static class RelativePath
{
    /// <summary>The path relative to the repository's root, which is empty; null when it leads out of the repository.</summary>
    public static string? Of(string file, string path)
    {
        if (path.Length == 0 || path[0] == '/')
        {
            return null;
        }

        var parts = new List<string>(file.Split('/')[..^1]);
        foreach (var part in path.Split('/').Where(part => part is not ("" or ".")))
        {
            if (part != "..")
            {
                parts.Add(part);
            }
            else if (parts.Count == 0)
            {
                return null;
            }
            else
            {
                parts.RemoveAt(parts.Count - 1);
            }
        }

        return string.Join('/', parts);
    }
}
