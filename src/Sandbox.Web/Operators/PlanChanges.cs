using System.Collections;
using System.Globalization;
using System.Text.Json;

namespace Sandbox.Web.Operators;

/// <summary>What differs between two states of a plan, for the audit log: "playgrounds 3 → 5, minutes 60 → 90".</summary>
internal static class PlanChanges
{
    public static string Words(PlanView before, PlanView after)
    {
        var changes = typeof(PlanView).GetProperties()
            .Select(property => (Name: JsonNamingPolicy.CamelCase.ConvertName(property.Name), Before: Text(property.GetValue(before)), After: Text(property.GetValue(after))))
            .Where(change => change.Before != change.After)
            .Select(change => $"{change.Name} {change.Before} → {change.After}").ToList();
        return changes.Count == 0 ? "no change" : string.Join(", ", changes);
    }

    private static string Text(object? value) => value switch
    {
        null => "none",
        string text => text,
        IEnumerable list => list.Cast<object>().ToList() is { Count: > 0 } items ? string.Join(' ', items) : "none",
        _ => Convert.ToString(value, CultureInfo.InvariantCulture) ?? "",
    };
}
