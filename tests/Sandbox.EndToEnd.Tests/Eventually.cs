using System.Diagnostics;
using Microsoft.Playwright;
using Xunit;

namespace Sandbox.EndToEnd.Tests;

/// <summary>Waits that are long enough for a busy machine and always end.</summary>
internal static class Eventually
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(45);

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    /// <summary>
    /// Until the condition holds. A connection that is refused meanwhile counts as not yet, and so does a page that loads
    /// itself again while it is asked: a browser drops scripts when links come and go on the host, as they do beside a test.
    /// </summary>
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
            catch (PlaywrightException fault) when (watch.Elapsed < (patience ?? Patience) && fault.Message.StartsWith("Execution context was destroyed", StringComparison.Ordinal))
            {
                // It is on its way.
            }

            Assert.True(watch.Elapsed < (patience ?? Patience), $"Waited in vain for {what}.");
            await Task.Delay(Pause);
        }
    }
}
