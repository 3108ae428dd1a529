using System.Globalization;
using Xunit;

namespace Sandbox.EndToEnd.Tests;

/// <summary>A program that prints a million numbered lines and more, to a page to which something happens in the middle.</summary>
internal static class MillionLines
{
    private const int Least = 1_000_000;

    /// <summary>Printed once all has happened.</summary>
    private const int Rest = 100_000;

    private static readonly TimeSpan MayTake = TimeSpan.FromMinutes(2);

    /// <summary>Prints them, lets it happen, and checks that every line came once and in order.</summary>
    /// <param name="visitor">A visitor with a shell.</param>
    /// <param name="happen">Called once a tenth has been printed.</param>
    /// <param name="loadsPage">Whether this loads the page anew, which then gets only the lines that are kept.</param>
    public static async Task PrintAsync(Visitor visitor, Func<Task> happen, bool loadsPage = false)
    {
        // However long it takes to happen, lines are printed all the time.
        await visitor.TypeAsync($"i=0; until [ $i -ge {Least - Rest} ] && [ -e /tmp/happened ]; do seq $((i+1)) $((i+20000)); i=$((i+20000)); done; seq $((i+1)) $((i+{Rest})); echo over-$((i+{Rest}))");
        await NumbersOnTheWire.UntilAsync(visitor.Page, 100_000);
        await happen();
        await visitor.PutAsync("tmp/happened", []);
        var last = 0L;
        await Eventually.TrueAsync(async () => (await visitor.ScreenAsync()).Split('\n').Any(line => line.StartsWith("over-", StringComparison.Ordinal) && long.TryParse(line["over-".Length..], CultureInfo.InvariantCulture, out last)), "the end of the lines", MayTake);
        var seen = await NumbersOnTheWire.SeenAsync(visitor.Page);
        Assert.InRange(last, Least, long.MaxValue);
        Assert.Equal((last, ""), (seen.Last, seen.Mistake));
        Assert.Equal(last - seen.First + 1, seen.Count);
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
