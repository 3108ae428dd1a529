using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Sandbox.Web.Store;
using Xunit;

namespace Sandbox.Web.Tests.Gauges;

public sealed class GaugeTests
{
    [Fact]
    public async Task Metrics_leave_out_the_numbers_that_cannot_be_read_and_say_so()
    {
        await using var web = await WebUnderTest.StartAsync();
        using var client = web.NewClient();
        var before = (await client.GetAsync("/metrics")).Text;
        Assert.Contains("\nsandbox_queue_waiting 0\n", before, StringComparison.Ordinal);
        Assert.Contains("\nsandbox_scrape_collector_success{collector=\"queue\"} 1\n", before, StringComparison.Ordinal);

        await RenameAsync(web, "QueuePlaces", "Elsewhere");
        var answer = await client.GetAsync("/metrics");
        Assert.Equal((200, "text/plain; version=0.0.4; charset=utf-8"), (answer.Status, answer.Header("Content-Type")));
        Assert.Contains("\nsandbox_scrape_collector_success{collector=\"queue\"} 0\n", answer.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("\nsandbox_queue_waiting ", answer.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("\nsandbox_queue_oldest_wait_seconds ", answer.Text, StringComparison.Ordinal);

        // The other numbers are there.
        Assert.Contains("\nsandbox_scrape_collector_success{collector=\"sandboxes\"} 1\n", answer.Text, StringComparison.Ordinal);
        Assert.Contains("\nsandbox_sandboxes_paused 0\n", answer.Text, StringComparison.Ordinal);
        Assert.Contains("\nsandbox_queue_admitted_total 0\n", answer.Text, StringComparison.Ordinal);
        Assert.Contains("\nsandbox_scrape_collector_success{collector=\"process\"} 1\n", answer.Text, StringComparison.Ordinal);
        Assert.Contains("\nprocess_start_time_seconds ", answer.Text, StringComparison.Ordinal);

        // They are there again once they can be read.
        await RenameAsync(web, "Elsewhere", "QueuePlaces");
        Assert.Contains("\nsandbox_queue_waiting 0\n", (await client.GetAsync("/metrics")).Text, StringComparison.Ordinal);
    }

    private static Task<int> RenameAsync(WebUnderTest web, string from, string to) =>
        web.Services.GetRequiredService<SqliteStore>().WriteAsync(db => db.Database.ExecuteSqlAsync(System.Runtime.CompilerServices.FormattableStringFactory.Create($"ALTER TABLE \"{from}\" RENAME TO \"{to}\"")));
}
