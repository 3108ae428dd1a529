using System.Globalization;
using System.Text.Json;

namespace Sandbox.Recipes.Problems;

/// <summary>Reads the fields of a mapping and names every mistake with the field's path, line and column.</summary>
public sealed class Fields(string file, LocatedValue value, string path, ProblemLog log)
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
            Mistake(name, "must be a string");
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
            Mistake(name, "must be true or false");
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
                log.Mistake(file, item.Line, "must be a mapping of fields", at, item.Column);
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
            Mistake(name, "must be a mapping of fields");
            return null;
        }

        return new Fields(file, found, PathOf(name), log);
    }

    /// <summary>A list of texts. An entry that is none is a mistake, and an empty text in the list: the others keep their places.</summary>
    public IReadOnlyList<string> Texts(string name, int most = 200) => [.. Each(name, (item, path) => TextOf(item, path) ?? "", most)];

    /// <summary>Reads each entry of a list, given with its path.</summary>
    public IReadOnlyList<T> Each<T>(string name, Func<LocatedValue, string, T> read, int most = 200)
    {
        var items = Items(name, most);
        var values = new List<T>(items.Count);
        foreach (var item in items)
        {
            values.Add(read(item, $"{PathOf(name)}[{values.Count}]"));
        }

        return values;
    }

    /// <summary>The text of a scalar, however long; null when there is none.</summary>
    public string? Scalar(string name) => Get(name) is { Kind: not JsonValueKind.Null } found ? TextOf(found, PathOf(name)) : null;

    /// <summary>A whole number; null when there is no such field, 0 when it is a mistake.</summary>
    public int? WholeNumber(string name)
    {
        if (Get(name) is not { Kind: not JsonValueKind.Null } found)
        {
            return null;
        }

        if (!int.TryParse(found.Text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number))
        {
            Mistake(name, "must be a whole number");
        }

        return number;
    }

    /// <summary>The fields of a value inside this one; null, with a mistake, when it is no mapping.</summary>
    public Fields? Inside(LocatedValue inside, string at, string otherwise = "must be a mapping of fields")
    {
        if (inside.Kind != JsonValueKind.Object)
        {
            Mistake(inside, at, otherwise);
            return null;
        }

        return new Fields(file, inside, at, log);
    }

    /// <summary>The text of a scalar inside this value; null, with a mistake, when it is none.</summary>
    public string? TextOf(LocatedValue inside, string at)
    {
        if (inside.Text is null)
        {
            Mistake(inside, at, "must be a string");
        }

        return inside.Text;
    }

    public void Mistake(LocatedValue inside, string at, string what) => log.Mistake(file, inside.Line, what, at, inside.Column);

    public IReadOnlyList<LocatedValue> Items(string name, int most = 200)
    {
        if (Get(name) is not { Kind: not JsonValueKind.Null } found)
        {
            return [];
        }

        if (found.Kind != JsonValueKind.Array || found.Items.Count > most)
        {
            Mistake(name, found.Kind != JsonValueKind.Array ? "must be a list" : $"has more than {most} entries");
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
            Mistake(name, $"is an unknown field; the known ones are {string.Join(", ", read.Order(StringComparer.Ordinal))}");
        }
    }
}
