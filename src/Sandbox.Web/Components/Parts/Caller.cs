using Sandbox.Core.People;

namespace Sandbox.Web.Components.Parts;

/// <summary>Who a page is rendered for.</summary>
internal static class Caller
{
    /// <summary>The person of this request; null when nobody was made out.</summary>
    public static PersonId? Person(this HttpContext? context) =>
        PersonId.TryParse(context?.User.FindFirst("person")?.Value, out var person) ? person : null;
}
