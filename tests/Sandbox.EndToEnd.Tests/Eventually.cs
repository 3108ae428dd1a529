using System.Diagnostics;
using Xunit;

namespace Sandbox.EndToEnd.Tests;

/// <summary>Waits that are long enough for a busy machine and always end.</summary>
internal static class Eventually
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(45);

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    /// <summary>Until the condition holds. A connection that is refused meanwhile counts as not yet.</summary>
    public static async Task TrueAsync(Func<Task<bool>> condition, string what, TimeSpan? patience = null)
    {
        var watch = Stopwatch.StartNew();
        while (true)
        {
            try
            {
                if (await condition())
                {
                    return;
                }
            }
            catch (HttpRequestException) when (watch.Elapsed < (patience ?? Patience))
            {
                // It is down; it will be back.
            }

            Assert.True(watch.Elapsed < (patience ?? Patience), $"Waited in vain for {what}.");
            await Task.Delay(Pause);
        }
    }
}
