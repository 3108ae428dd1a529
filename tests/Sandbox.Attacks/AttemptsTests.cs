using System.Reflection;
using Xunit;
using Xunit.v3;

namespace Sandbox.Attacks;

/// <summary>How many attempts from inside real sandboxes there are: each row of each class of attacks is one.</summary>
public sealed class AttemptsTests
{
    [Fact]
    public async Task At_least_two_hundred_attempts_are_made()
    {
        var attempts = 0;
        await using var disposal = new Xunit.Sdk.DisposalTracker();
        foreach (var type in typeof(Attacker).Assembly.GetTypes().Where(type => type.IsSubclassOf(typeof(Attacker))))
        {
            foreach (var method in type.GetMethods().Where(method => method.GetCustomAttributes<FactAttribute>().Any()))
            {
                var rows = 0;
                foreach (var data in method.GetCustomAttributes<DataAttribute>())
                {
                    if (data is MemberDataAttribute member)
                    {
                        member.MemberType ??= type;
                    }

                    rows += (await data.GetData(method, disposal)).Count;
                }

                attempts += Math.Max(1, rows);
            }
        }

        TestContext.Current.TestOutputHelper?.WriteLine($"{attempts} attempts");
        Assert.InRange(attempts, 200, int.MaxValue);
    }
}
