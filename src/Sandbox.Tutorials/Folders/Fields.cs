using System.Text.Json;
using Sandbox.Tutorials.Problems;

namespace Sandbox.Tutorials.Folders;

/// <summary>Reads the fields of a mapping and names every mistake with the field's path, line and column.</summary>
internal sealed class Fields(string file, LocatedValue value, string path, ProblemLog log)
{
    private readonly HashSet<string> read = new(StringComparer.Ordinal);

    public LocatedValue Value => value;

    public string PathOf(string name) => path.Length == 0 ? name : $"{path}.{name}";

    public void Mistake(string name, string what)
    {
        var at = value[name] ?? value;
        log.Mistake(file, at.Line, what, PathOf(name), at.Column);
    }

    public string? Text(string name, int most = 500, bool required = false)
    {
        if (Get(name) is not { Kind: not JsonValueKind.Null } found)
        {
            if (required)
            {
                Mistake(name, "is missing");
            }

            return null;
        }

        if (found.Text is not { } text)
        {
            Mistake(name, "is a text");
            return null;
        }

        if (text.Length > most || string.IsNullOrWhiteSpace(text))
        {
            Mistake(name, string.IsNullOrWhiteSpace(text) ? "is empty" : $"has more than {most} characters");
            return null;
        }

        return text;
    }

    public bool Flag(string name)
    {
        if (Get(name) is not { } found)
        {
            return false;
        }

        if (found.Kind is not (JsonValueKind.True or JsonValueKind.False))
        {
            Mistake(name, "is true or false");
        }

        return found.Kind == JsonValueKind.True;
    }

    public IEnumerable<Fields> Mappings(string name, int most = 200)
    {
        var number = 0;
        foreach (var item in Items(name, most))
        {
            var at = $"{PathOf(name)}[{number++}]";
            if (item.Kind != JsonValueKind.Object)
            {
                log.Mistake(file, item.Line, "is a mapping of fields", at, item.Column);
                continue;
            }

            yield return new Fields(file, item, at, log);
        }
    }

    public Fields? Mapping(string name)
    {
        if (Get(name) is not { Kind: not JsonValueKind.Null } found)
        {
            return null;
        }

        if (found.Kind != JsonValueKind.Object)
        {
            Mistake(name, "is a mapping of fields");
            return null;
        }

        return new Fields(file, found, PathOf(name), log);
    }

    public List<string> Texts(string name, int most = 200)
    {
        var texts = new List<string>();
        foreach (var item in Items(name, most))
        {
            if (item.Text is { } text)
            {
                texts.Add(text);
            }
            else
            {
                log.Mistake(file, item.Line, "is a text", $"{PathOf(name)}[{texts.Count}]", item.Column);
            }
        }

        return texts;
    }

    public IReadOnlyList<LocatedValue> Items(string name, int most = 200)
    {
        if (Get(name) is not { Kind: not JsonValueKind.Null } found)
        {
            return [];
        }

        if (found.Kind != JsonValueKind.Array || found.Items.Count > most)
        {
            Mistake(name, found.Kind != JsonValueKind.Array ? "is a list" : $"has more than {most} entries");
            return [];
        }

        return found.Items;
    }

    public LocatedValue? Get(string name)
    {
        read.Add(name);
        return value[name];
    }

    /// <summary>Names the fields that nobody asked for.</summary>
    public void End()
    {
        foreach (var name in value.Members.Keys.Where(name => !read.Contains(name)))
        {
            Mistake(name, $"is an unknown field; known are {string.Join(", ", read.Order(StringComparer.Ordinal))}");
        }
    }
}
