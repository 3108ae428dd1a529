using Sandbox.Web.TutorialRuns;
using Xunit;

namespace Sandbox.Web.Tests.Tutorials;

public sealed class CheckTickTests
{
    [Fact]
    public async Task Named_parts_tick_with_their_whole_line()
    {
        var ticks = new List<string>();
        var printed = CheckResults.Ticks(parts =>
        {
            ticks.Add(string.Join(", ", parts.Select(part => $"{part.Name} {part.Passed}")));
            return Task.CompletedTask;
        });
        foreach (var output in new[] { "1..2\nok 1 - the fi", "1..2\nok 1 - the file is there\n", "1..2\nok 1 - the file is there\n# wait\n", "1..2\nok 1 - the file is there\n# wait\nnot ok 2 - it runs\n" })
        {
            await printed(output);
        }

        Assert.Equal(["the file is there True", "the file is there True, it runs False"], ticks);
    }
}
