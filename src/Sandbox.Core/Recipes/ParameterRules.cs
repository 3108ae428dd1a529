using System.Text.RegularExpressions;

namespace Sandbox.Core.Recipes;

/// <summary>The bounds of parameters and of the values that a visitor gives them.</summary>
public static partial class ParameterRules
{
    /// <summary>Parameters.</summary>
    public const int MaxParameters = 32;

    /// <summary>Choices of a parameter.</summary>
    public const int MaxChoices = 64;

    /// <summary>Characters of a title.</summary>
    public const int MaxTitleLength = 80;

    /// <summary>Characters of a help text.</summary>
    public const int MaxHelpLength = 500;

    /// <summary>Characters of a value.</summary>
    public const int MaxValueLength = 4096;

    /// <summary>
    /// Every mistake of a visitor's values at once, each beginning with its place: <c>parameters.PORT: a number</c>. Empty
    /// when the recipe can be started with them. The recipe itself is valid, see <see cref="RecipeRules.Validate"/>.
    /// </summary>
    public static IReadOnlyList<string> Validate(Recipe recipe, IReadOnlyDictionary<string, string>? values)
    {
        values ??= new Dictionary<string, string>(StringComparer.Ordinal);
        var mistakes = new List<string>();
        var known = recipe.Parameters.Select(parameter => parameter.Name).ToHashSet(StringComparer.Ordinal);
        mistakes.AddRange(values.Keys.Where(name => !known.Contains(name)).Take(MaxParameters).Select(name => $"parameters: the recipe has no parameter {RecipeRules.Shown(name)}"));
        var bytes = 0L;
        foreach (var parameter in recipe.Parameters)
        {
            var value = ValueOf(parameter, values);
            if (parameter.IsRequired && string.IsNullOrEmpty(value))
            {
                mistakes.Add($"parameters.{parameter.Name}: required");
            }
            else if (value is not null && MistakeIn(value, parameter) is { } mistake)
            {
                mistakes.Add($"parameters.{parameter.Name}: {mistake}");
            }

            bytes += value is null ? 0 : RecipeRules.EnvBytes(parameter.Name, value);
        }

        if (bytes + recipe.Nodes.Max(node => node.Env.Sum(variable => RecipeRules.EnvBytes(variable.Key, variable.Value))) > RecipeRules.MaxEnvBytes)
        {
            mistakes.Add("parameters: at most 64 KiB together with the recipe's variables");
        }

        return mistakes;
    }

    /// <summary>The recipe with the values as variables of every node, and without parameters. It may hold secrets.</summary>
    /// <exception cref="ArgumentException">The values are not valid, see <see cref="Validate"/>.</exception>
    public static Recipe Fill(Recipe recipe, IReadOnlyDictionary<string, string>? values)
    {
        if (Validate(recipe, values) is [var mistake, ..])
        {
            throw new ArgumentException(mistake, nameof(values));
        }

        var filled = recipe.Parameters
            .Select(parameter => KeyValuePair.Create(parameter.Name, ValueOf(parameter, values ?? new Dictionary<string, string>(StringComparer.Ordinal))))
            .Where(variable => variable.Value is not null)
            .Select(variable => KeyValuePair.Create(variable.Key, variable.Value!))
            .ToList();
        return recipe with
        {
            Parameters = [],
            Nodes = [.. recipe.Nodes.Select(node => node with { Env = new Dictionary<string, string>(node.Env.Concat(filled), StringComparer.Ordinal) })],
        };
    }

    internal static void Check(Recipe recipe, List<string> mistakes)
    {
        if (recipe.Parameters is not { Count: <= MaxParameters } parameters)
        {
            mistakes.Add($"parameters: at most {MaxParameters}");
            return;
        }

        var names = new HashSet<string>(StringComparer.Ordinal);
        for (var at = 0; at < parameters.Count; at++)
        {
            if (parameters[at] is not { } parameter)
            {
                mistakes.Add($"parameters[{at}]: missing");
                continue;
            }

            CheckName(parameter.Name, recipe, names, $"parameters[{at}].name", mistakes);
            Check(parameter, $"parameters[{at}]", mistakes);
        }
    }

    private static void CheckName(string? name, Recipe recipe, HashSet<string> names, string what, List<string> mistakes)
    {
        if (name is null || !RecipeRules.IsEnvName(name) || name.Length > MaxTitleLength)
        {
            mistakes.Add($"{what}: a variable's name of at most {MaxTitleLength} letters, digits and underscores, no digit first");
        }
        else if (!names.Add(name))
        {
            mistakes.Add($"{what}: {name} is named twice");
        }
        else if (recipe.Nodes.Any(node => node?.Env?.ContainsKey(name) == true))
        {
            mistakes.Add($"{what}: {name} is set by the env of a node too");
        }
    }

    private static void Check(RecipeParameter parameter, string what, List<string> mistakes)
    {
        RecipeRules.CheckLabel(parameter.Title, MaxTitleLength, $"{what}.title", mistakes);
        if (parameter.Help is not null && (parameter.Help.Length is 0 or > MaxHelpLength || parameter.Help.Any(letter => char.IsControl(letter) && letter != '\n')))
        {
            mistakes.Add($"{what}.help: 1 to {MaxHelpLength} characters without control characters");
        }

        if (!Enum.IsDefined(parameter.Type))
        {
            mistakes.Add($"{what}.type: text, number, boolean or choice");
        }

        CheckChoices(parameter, $"{what}.choices", mistakes);
        if (parameter.MaxLength is not null && (parameter.Type != RecipeParameterType.Text || parameter.MaxLength is < 1 or > MaxValueLength))
        {
            mistakes.Add($"{what}.maxLength: 1 to {MaxValueLength}, for a text");
        }

        if (parameter is { IsSecret: true, Default: not null })
        {
            mistakes.Add($"{what}.default: a secret has no default");
        }
        else if (parameter.Default is not null && parameter.Choices is not null && MistakeIn(parameter.Default, parameter) is { } mistake)
        {
            mistakes.Add($"{what}.default: {mistake}");
        }
    }

    private static void CheckChoices(RecipeParameter parameter, string what, List<string> mistakes)
    {
        if (parameter.Choices is not { } choices || choices.Any(choice => choice is null || choice.Length is 0 or > MaxHelpLength || choice.Any(char.IsControl)))
        {
            mistakes.Add($"{what}: each 1 to {MaxHelpLength} characters without control characters");
        }
        else if (parameter.Type != RecipeParameterType.Choice && choices.Count > 0)
        {
            mistakes.Add($"{what}: only for the type choice");
        }
        else if (parameter.Type == RecipeParameterType.Choice && choices.Count is 0 or > MaxChoices)
        {
            mistakes.Add($"{what}: 1 to {MaxChoices}");
        }
        else if (choices.Distinct(StringComparer.Ordinal).Count() < choices.Count)
        {
            mistakes.Add($"{what}: each once");
        }
    }

    /// <summary>An empty input of a form is no number and no choice, so the default stands; an empty text is a value.</summary>
    private static string? ValueOf(RecipeParameter parameter, IReadOnlyDictionary<string, string> values) =>
        values.GetValueOrDefault(parameter.Name) is { } value && (value.Length > 0 || parameter.Type == RecipeParameterType.Text) ? value : parameter.Default;

    private static string? MistakeIn(string value, RecipeParameter parameter)
    {
        var most = parameter.MaxLength ?? MaxValueLength;
        return parameter.Type switch
        {
            _ when value.Contains('\0', StringComparison.Ordinal) => "cannot hold NUL",
            RecipeParameterType.Text => value.Length <= most ? null : $"at most {most} characters",
            RecipeParameterType.Number => Number().IsMatch(value) ? null : "a number",
            RecipeParameterType.Boolean => value is "true" or "false" ? null : "true or false",
            _ => parameter.Choices.Contains(value, StringComparer.Ordinal) ? null : "one of the choices",
        };
    }

    [GeneratedRegex(@"^-?[0-9]{1,20}(\.[0-9]{1,20})?\z", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Number();
}
