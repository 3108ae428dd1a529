namespace Sandbox.Web.Components.Parts;

/// <summary>
/// Why there is nothing at an address, in words of the page that looked for it. A page that answers 404 is not shown
/// itself: the one for all such addresses is, and it shows these words.
/// </summary>
/// <param name="Title">The heading.</param>
/// <param name="Text">What to do about it.</param>
/// <param name="Images">Names of images to offer instead.</param>
internal sealed record Missing(string Title, string Text, IReadOnlyList<string> Images)
{
    /// <summary>Leaves the words for the page that is shown.</summary>
    public static void Say(HttpContext context, string title, string text, IReadOnlyList<string>? images = null) =>
        context.Items[typeof(Missing)] = new Missing(title, text, images ?? []);

    /// <summary>The words that a page left; null when it left none.</summary>
    public static Missing? Of(HttpContext? context) => context?.Items[typeof(Missing)] as Missing;
}
