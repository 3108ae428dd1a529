using System.Text.Json;
using System.Text.Json.Serialization;

namespace Sandbox.Core.Recipes;

/// <summary>
/// A value that the visitor enters before the start. It becomes an environment variable of every node and is never put
/// into the text of a command, so that no value can break out of a shell word.
/// <code>{"name":"GREETING","type":"choice","choices":["hello","moin"],"default":"moin"}</code>
/// </summary>
public sealed record RecipeParameter
{
    /// <summary>The environment variable's name.</summary>
    public required string Name { get; init; }

    /// <summary>The label of the input; null shows the name.</summary>
    public string? Title { get; init; }

    /// <summary>A sentence below the input.</summary>
    public string? Help { get; init; }

    /// <summary>The kind of value.</summary>
    public RecipeParameterType Type { get; init; }

    /// <summary>The value if the visitor enters none, as text whatever the type. Null leaves the variable unset.</summary>
    public string? Default { get; init; }

    /// <summary>The values of a <see cref="RecipeParameterType.Choice"/>.</summary>
    public IReadOnlyList<string> Choices { get; init; } = [];

    /// <summary>The most characters of a <see cref="RecipeParameterType.Text"/>; null is <see cref="ParameterRules.MaxValueLength"/>.</summary>
    public int? MaxLength { get; init; }

    /// <summary>Whether the value is masked in the form and never stored with a link.</summary>
    [JsonPropertyName("secret")]
    public bool IsSecret { get; init; }

    /// <summary>Whether a start needs a value that is not empty.</summary>
    [JsonPropertyName("required")]
    public bool IsRequired { get; init; }
}

/// <summary>The kinds of a parameter's value, in JSON in lower case.</summary>
[JsonConverter(typeof(RecipeParameterTypeConverter))]
public enum RecipeParameterType
{
    /// <summary>Any text without NUL.</summary>
    Text,

    /// <summary>Decimal digits with an optional sign and an optional fraction: <c>-1.5</c>.</summary>
    Number,

    /// <summary><c>true</c> or <c>false</c>.</summary>
    Boolean,

    /// <summary>One of the parameter's choices.</summary>
    Choice,
}

internal sealed class RecipeParameterTypeConverter() : JsonStringEnumConverter<RecipeParameterType>(JsonNamingPolicy.CamelCase, allowIntegerValues: false);
