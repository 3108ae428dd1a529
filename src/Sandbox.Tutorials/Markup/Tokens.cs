using System.Globalization;

namespace Sandbox.Tutorials.Markup;

/// <summary>
/// A block stands in Markdown as a token: its index between two characters of the private use area, which no source
/// keeps. So it can be found again after Markdown and HTML were rendered around it, in the text of the result, and nowhere else.
/// </summary>
internal static class Tokens
{
    public const char Begin = '\uE000';
    public const char End = '\uE001';

    /// <summary>The scheme of links whose target is a block.</summary>
    public const string Scheme = "sandbox-block";

    /// <summary>Stands around the token of a block that is no part of a sentence.</summary>
    public const string Fence = "~~~~~~";

    public static string Of(int index) => string.Create(CultureInfo.InvariantCulture, $"{Begin}{index}{End}");

    public static string LinkTo(int index) => string.Create(CultureInfo.InvariantCulture, $"{Scheme}:{index}");

    /// <summary>Takes the two characters out of a source.</summary>
    public static string Clean(string text) => text.Replace(Begin, '\uFFFD').Replace(End, '\uFFFD');
}
