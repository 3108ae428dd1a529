using Xunit;

namespace Sandbox.EndToEnd.Tests;

/// <summary>A program that prints a million numbered lines, to a page to which something happens in the middle.</summary>
internal static class MillionLines
{
    private const int Last = 1_000_000;

    private static readonly TimeSpan MayTake = TimeSpan.FromMinutes(2);

    /// <summary>Prints them, lets it happen, and checks that every line came once and in order.</summary>
    /// <param name="visitor">A visitor with a shell.</param>
    /// <param name="happen">Called once a tenth has been printed.</param>
    /// <param name="loadsPage">Whether this loads the page anew, which then gets only the lines that are kept.</param>
    public static async Task PrintAsync(Visitor visitor, Func<Task> happen, bool loadsPage = false)
    {
        await visitor.TypeAsync($"seq 1 {Last}; echo over-$((6*7))");
        await NumbersOnTheWire.UntilAsync(visitor.Page, 100_000);
        Assert.InRange((await NumbersOnTheWire.SeenAsync(visitor.Page)).Last, 0, Last - 1);
        await happen();
        await Eventually.TrueAsync(async () => (await visitor.ScreenAsync()).Split('\n').Contains("over-42", StringComparer.Ordinal), "the end of the lines", MayTake);
        var seen = await NumbersOnTheWire.SeenAsync(visitor.Page);
        Assert.Equal((Last, ""), (seen.Last, seen.Mistake));
        Assert.Equal(Last - seen.First + 1, seen.Count);
        if (loadsPage)
        {
            // A page that knows nothing gets all that is kept, after one mark that there was more.
            Assert.InRange(seen.Gaps, 0, 1);
        }
        else
        {
            Assert.Equal((1, 0), (seen.First, seen.Gaps));
        }
    }
}
