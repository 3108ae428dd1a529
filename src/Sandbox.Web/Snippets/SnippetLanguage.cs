namespace Sandbox.Web.Snippets;

/// <summary>How code of one language is run.</summary>
/// <param name="Image">The catalog image that has it.</param>
/// <param name="File">The file that the code is written to.</param>
/// <param name="Script">What a shell runs in the directory of the files.</param>
/// <param name="Wait">What to wait for before that, or null: a server that starts with the sandbox takes none of the code's time.</param>
internal sealed record SnippetLanguage(string Image, string File, string Script, string? Wait = null)
{
    private static readonly SnippetLanguage Python = new("python", "main.py", "exec python3 main.py");
    private static readonly SnippetLanguage Node = new("node", "main.js", "exec node main.js");
    private static readonly SnippetLanguage Bash = new("debian", "main.sh", "exec bash main.sh");
    private static readonly SnippetLanguage Shell = new("busybox", "main.sh", "exec sh main.sh");
    private static readonly SnippetLanguage Postgres = new("postgres", "main.sql", "exec psql -v ON_ERROR_STOP=1 -q -f main.sql", Wait: "until pg_isready -q; do sleep 0.05; done");

    /// <summary>By the names that pages give: of the language, and of codapi's own sandboxes.</summary>
    private static readonly Dictionary<string, SnippetLanguage> Known = new(StringComparer.Ordinal)
    {
        ["python"] = Python,
        ["node"] = Node,
        ["javascript"] = Node,
        ["bash"] = Bash,
        ["debian"] = Bash,
        ["sh"] = Shell,
        ["shell"] = Shell,
        ["busybox"] = Shell,
        ["postgres"] = Postgres,
        ["postgresql"] = Postgres,
        ["sql"] = Postgres,
    };

    /// <summary>The language of a name: one that is known, else an image of the catalog whose shell runs the code.</summary>
    public static SnippetLanguage Of(string name) => Known.GetValueOrDefault(name) ?? Shell with { Image = name };
}
