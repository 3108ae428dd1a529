using System.Formats.Tar;
using System.Text;
using Xunit;

namespace Sandbox.Web.Tests.Exports;

/// <summary>Playgrounds that are taken home.</summary>
public sealed class ExportTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_playground_that_runs_is_taken_home_in_every_form()
    {
        await using var web = await WebUnderTest.StartAsync();
        using var person = web.NewClient();
        var (playground, sandbox) = await person.LaunchAsync();
        await person.PutBytesAsync($"/api/v1/sandboxes/{sandbox}/files/root/hi", "hello\n"u8.ToArray());

        var (changes, name) = await TakeAsync(person, playground, "tar");
        Assert.Equal("attachment; filename=changes.tar", name);
        Assert.Equal("hello\n", Assert.Single(await FilesAsync(changes), file => file.Name == "root/hi").Text);

        var context = await FilesAsync((await TakeAsync(person, playground, "dockerfile")).Body);
        var dockerfile = Assert.Single(context, file => file.Name == "Dockerfile").Text;
        Assert.Contains("FROM sandbox-busybox:", dockerfile, StringComparison.Ordinal);
        Assert.Contains("ADD changes.tar /", dockerfile, StringComparison.Ordinal);
        Assert.Contains(context, file => file.Name == "changes.tar" && file.Text.Contains("hello\n", StringComparison.Ordinal));

        foreach (var form in new[] { "image", "base" })
        {
            Assert.Contains(await FilesAsync((await TakeAsync(person, playground, form)).Body), file => file.Name == "manifest.json");
        }

        var run = Encoding.UTF8.GetString((await TakeAsync(person, playground, "run")).Body);
        Assert.Contains("docker run --rm -it --hostname main --cpus ", run, StringComparison.Ordinal);
        Assert.Contains(" playground:", run, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_head_request_saves_nothing()
    {
        await using var web = await WebUnderTest.StartAsync();
        using var person = web.NewClient();
        var (playground, _) = await person.LaunchAsync();

        var answer = await person.SendAsync(HttpMethod.Head, $"/api/v1/playgrounds/{playground}/export?as=image");

        Assert.Equal(200, answer.Status);
        Assert.Equal("attachment; filename=playground.tar", answer.Header("Content-Disposition"));
        Assert.DoesNotContain("Snapshot", web.Runtime.Calls);
    }

    [Fact]
    public async Task What_cannot_be_taken_is_refused_and_nothing_is_saved()
    {
        await using var web = await WebUnderTest.StartAsync();
        using var person = web.NewClient();
        using var stranger = web.NewClient();
        var (playground, _) = await person.LaunchAsync();
        await stranger.LaunchAsync();

        Assert.Equal("invalid", (await person.GetAsync($"/api/v1/playgrounds/{playground}/export?as=iso")).Code);
        Assert.Equal("invalid", (await person.GetAsync($"/api/v1/playgrounds/{playground}/export")).Code);
        Assert.Equal("not_found", (await person.GetAsync($"/api/v1/playgrounds/{playground}/export?as=tar&node=other")).Code);
        Assert.Equal("not_found", (await stranger.GetAsync($"/api/v1/playgrounds/{playground}/export?as=tar")).Code);
        await person.DeleteAsync($"/api/v1/playgrounds/{playground}");
        Assert.Equal("conflict", (await person.GetAsync($"/api/v1/playgrounds/{playground}/export?as=tar")).Code);
        Assert.DoesNotContain("Snapshot", web.Runtime.Calls);
    }

    [Fact]
    public async Task A_playground_that_was_saved_at_its_end_is_taken_home_afterwards()
    {
        await using var web = await WebUnderTest.StartAsync();
        using var person = web.NewClient();
        var (playground, sandbox) = await person.LaunchAsync();
        await person.PutBytesAsync($"/api/v1/sandboxes/{sandbox}/files/root/hi", "hello\n"u8.ToArray());
        Assert.Equal(204, (await person.DeleteAsync($"/api/v1/playgrounds/{playground}?save=1")).Status);

        var (changes, _) = await TakeAsync(person, playground, "tar");

        Assert.Contains(await FilesAsync(changes), file => file is { Name: "root/hi", Text: "hello\n" });
    }

    [Fact]
    public async Task One_person_downloads_one_at_a_time()
    {
        await using var web = await WebUnderTest.StartAsync();
        using var person = web.NewClient();
        var (playground, _) = await person.LaunchAsync();
        var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var release = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        web.Runtime.Before = async (operation, cancellation) =>
        {
            if (operation == "ExportImage")
            {
                reached.TrySetResult();
                await release.Task.WaitAsync(cancellation);
            }
        };

        var first = TakeAsync(person, playground, "image");
        await reached.Task.WaitAsync(Cancel);
        Assert.Equal("rate", (await person.GetAsync($"/api/v1/playgrounds/{playground}/export?as=image")).Code);
        release.SetResult();
        Assert.NotEmpty((await first).Body);
        Assert.Equal(200, (await person.GetAsync($"/api/v1/playgrounds/{playground}/export?as=run")).Status);
    }

    private static async Task<(byte[] Body, string Name)> TakeAsync(Client person, string playground, string form)
    {
        var answer = await person.GetAsync($"/api/v1/playgrounds/{playground}/export?as={form}");
        Assert.Equal(200, answer.Status);
        return (answer.Body, answer.Header("Content-Disposition") ?? "");
    }

    private static async Task<IReadOnlyList<(string Name, string Text)>> FilesAsync(byte[] archive)
    {
        using var tar = new TarReader(new MemoryStream(archive));
        var files = new List<(string, string)>();
        while (await tar.GetNextEntryAsync(copyData: true, Cancel) is { } entry)
        {
            using var reader = new StreamReader(entry.DataStream ?? Stream.Null);
            files.Add((entry.Name, await reader.ReadToEndAsync(Cancel)));
        }

        return files;
    }
}
