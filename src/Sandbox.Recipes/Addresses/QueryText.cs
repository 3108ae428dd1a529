namespace Sandbox.Recipes.Addresses;

/// <summary>The names and values of a query string, in order.</summary>
internal static class QueryText
{
    public static IEnumerable<KeyValuePair<string, string>> Read(string query) => query.Split('&', StringSplitOptions.RemoveEmptyEntries).Select(pair =>
    {
        var parts = pair.Split('=', 2);
        return KeyValuePair.Create(Unescaped(parts[0]), parts.Length == 1 ? "" : Unescaped(parts[1]));
    });

    private static string Unescaped(string text) => Uri.UnescapeDataString(text.Replace('+', ' '));
}
