using Sandbox.Tutorials.Checks;
using Sandbox.Web.TutorialRuns;
using Xunit;

namespace Sandbox.Web.Tests.Tutorials;

/// <summary>Which part of a failed check is counted for the author.</summary>
public sealed class FailedPartTests
{
    private static readonly Check Check = new(new Script("01.verify.sh", "echo 'ok 1 - there is a shell'\necho 'not ok 2 - the file is there'\n"), PassRule.ExitCode);

    [Theory]
    [InlineData("ok 1 - there is a shell\nnot ok 2 - the file is there\nnot ok 3 - another", "the file is there")]
    [InlineData("not ok - printed by the visitor", "")]
    [InlineData("not ok - e", "")]
    [InlineData("it failed", "")]
    public void It_is_the_first_that_failed_and_stands_in_the_script(string output, string part) =>
        Assert.Equal(part, CheckResults.FailedPart(Check, CheckResults.Assertions(output)));
}
