using Sandbox.Core.Errors;

namespace Sandbox.Tutorials.Folders;

/// <summary>A tutorial to begin with: two steps, each with a check and a solution.</summary>
public static class NewTutorial
{
    private const string Prefix = "new/";

    /// <summary>The JSON Schema of <c>tutorial.yaml</c>.</summary>
    public static string Schema
    {
        get
        {
            using var reader = new StreamReader(Resource("tutorial.schema.json"));
            return reader.ReadToEnd();
        }
    }

    /// <summary>Writes its files into a folder, which is made; one that has anything in it is refused.</summary>
    public static IReadOnlyList<string> Write(string folder)
    {
        if (File.Exists(folder) || (Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).Any()))
        {
            throw new SandboxException(ErrorCode.Conflict, $"{folder} exists and is not an empty folder");
        }

        Directory.CreateDirectory(folder);
        var written = new List<string>();
        foreach (var name in typeof(NewTutorial).Assembly.GetManifestResourceNames().Where(name => name.StartsWith(Prefix, StringComparison.Ordinal)).Order(StringComparer.Ordinal))
        {
            var path = Path.Combine(folder, name[Prefix.Length..]);
            using var content = Resource(name);
            using var file = new FileStream(path, FileMode.CreateNew);
            content.CopyTo(file);
            written.Add(path);
        }

        return written;
    }

    private static Stream Resource(string name) => typeof(NewTutorial).Assembly.GetManifestResourceStream(name) ?? throw new InvalidOperationException($"{name} is not embedded");
}
