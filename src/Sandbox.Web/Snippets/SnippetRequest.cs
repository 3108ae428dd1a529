using System.Text;
using Sandbox.Core.Errors;
using Sandbox.Core.Files;

namespace Sandbox.Web.Snippets;

/// <summary>
/// Code to run once, as codapi's pages send it: <c>{"sandbox":"python","command":"run","files":{"":"print(42)"}}</c>.
/// https://github.com/nalgeon/codapi/blob/main/docs/api.md
/// </summary>
/// <param name="Sandbox">The language, or an image of the catalog.</param>
/// <param name="Files">The code under the empty name, and files beside it by their names; bytes as a data URL.</param>
/// <param name="Version">Of the sandbox. There is one of each.</param>
/// <param name="Command">run.</param>
internal sealed record SnippetRequest(string? Sandbox, IReadOnlyDictionary<string, string?>? Files, string? Version = null, string? Command = null)
{
    private const int MaxFiles = 20;
    private const int MaxName = 100;
    private const string Directory = "/sandbox";

    /// <summary>Checks it, and gives each file its path. Codes: Invalid; ImageNotFound for a version.</summary>
    public IReadOnlyList<(SandboxPath Path, byte[] Content)> FilesOf(SnippetLanguage language)
    {
        if (Version is { Length: > 0 } and not "latest")
        {
            throw new SandboxException(ErrorCode.ImageNotFound, $"There is one version of {Sandbox} here. Leave the version out.");
        }

        if (Command is not (null or "" or "run"))
        {
            throw new SandboxException(ErrorCode.Invalid, "command: run");
        }

        if (Files is null || Files.Count is 0 or > MaxFiles || !Files.ContainsKey(""))
        {
            throw new SandboxException(ErrorCode.Invalid, $"files: the code under the name \"\", and at most {MaxFiles - 1} files beside it");
        }

        return [.. Files.Select(file => (Path(file.Key.Length == 0 ? language.File : file.Key), Content(file.Key, file.Value ?? "")))];
    }

    private static SandboxPath Path(string name) =>
        name.Length <= MaxName && !name.StartsWith('/') && !name.Any(char.IsControl) && SandboxPath.TryParse(Encoding.UTF8.GetBytes($"{Directory}/{name}"), out var path)
            ? path
            : throw new SandboxException(ErrorCode.Invalid, $"files: a name is relative, without .., of at most {MaxName} characters");

    private static byte[] Content(string name, string value)
    {
        const string marker = ";base64,";
        if (name.Length == 0 || !value.StartsWith("data:", StringComparison.Ordinal) || value.IndexOf(marker, StringComparison.Ordinal) is not (>= 0 and var at))
        {
            return Encoding.UTF8.GetBytes(value);
        }

        try
        {
            return Convert.FromBase64String(value[(at + marker.Length)..]);
        }
        catch (FormatException mistake)
        {
            throw new SandboxException(ErrorCode.Invalid, $"files: '{name}' is no data URL", mistake);
        }
    }
}
