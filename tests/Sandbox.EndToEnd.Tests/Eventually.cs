using System.Diagnostics;
using Microsoft.Playwright;
using Xunit;

namespace Sandbox.EndToEnd.Tests;

/// <summary>Waits that are long enough for a busy machine and always end.</summary>
internal static class Eventually
{
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    /// <summary>
    /// Waits until the condition holds. A refused connection counts as "not yet", and so does a page that reloads
    /// itself while it is asked.
    /// </summary>
    public static Task TrueAsync(Func<Task<bool>> condition, string what, TimeSpan? patience = null) => TrueAsync(condition, () => what, patience);

    /// <summary>The same, with words that are found when the wait was in vain.</summary>
    public static async Task TrueAsync(Func<Task<bool>> condition, Func<string> what, TimeSpan? patience = null)
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
                // It is down for a moment.
            }
            catch (PlaywrightException fault) when (watch.Elapsed < (patience ?? Patience) && fault.Message.StartsWith("Execution context was destroyed", StringComparison.Ordinal))
            {
                // The page is loading.
            }

            Assert.True(watch.Elapsed < (patience ?? Patience), $"Waited in vain for {what()}.");
            await Task.Delay(Pause);
        }
    }
}
