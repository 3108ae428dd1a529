using Sandbox.Core.Errors;
using Sandbox.Core.Images;
using Xunit;

namespace Sandbox.Daemon.Tests.Images;

public sealed class RecipeTests
{
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(60);

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_recipe_is_made_and_says_how_far_it_is()
    {
        await using var test = await StoreUnderTest.OpenAsync();
        var built = Prepare(test, "echo '40 installing things'; until [ -e \"$go\" ]; do sleep 0.05; done; cp -r \"$base/$1/.\" \"$2\"; echo '100 done'");
        var steps = new List<string>();
        StoredImage? image = null;
        await foreach (var progress in test.Store.AddAsync(new ImageSource.Recipe("demo"), Now))
        {
            steps.Add(progress.Step);
            image = progress.Image;
            if (progress.Step == "installing things")
            {
                Assert.InRange(progress.Percent, 1, 99);
                await File.WriteAllTextAsync(Path.Combine(test.RecipeDirectory, "go"), "", Now);
            }
        }

        Assert.Contains("installing things", steps, StringComparer.Ordinal);
        Assert.Equal(built.Digest, image?.Digest);
        Assert.Empty(Directory.GetFileSystemEntries(Path.Combine(test.Options.DataDirectory, "incoming")));
    }

    [Theory]
    [InlineData("missing")]
    [InlineData("../demo")]
    [InlineData("--help")]
    [InlineData("make")]
    [InlineData("")]
    public async Task Without_a_recipe_nothing_is_run(string name)
    {
        await using var test = await StoreUnderTest.OpenAsync();
        Prepare(test, "touch \"$base/ran\"");
        await test.RefusesAsync(ErrorCode.ImageNotFound, new ImageSource.Recipe(name));
        Assert.False(File.Exists(Path.Combine(test.RecipeDirectory, "ran")));
    }

    [Theory]
    [InlineData("echo 'E: Failed to fetch http://mirror/x' >&2; exit 100", ErrorCode.RegistryUnreachable)]
    [InlineData("echo 'cp: write error: No space left on device' >&2; exit 1", ErrorCode.DiskFull)]
    [InlineData("echo 'something odd' >&2; exit 1", ErrorCode.Internal)]
    [InlineData("exit 0", ErrorCode.ImageInvalid)]
    [InlineData("echo '{}' > \"$2/index.json\"", ErrorCode.ImageInvalid)]
    public async Task A_recipe_that_fails_says_why_and_leaves_nothing(string script, ErrorCode code)
    {
        await using var test = await StoreUnderTest.OpenAsync();
        Prepare(test, script);
        await test.RefusesAsync(code, new ImageSource.Recipe("demo"));
    }

    [Fact]
    public async Task Asking_twice_shares_the_work_and_one_who_leaves_does_not_end_it()
    {
        await using var test = await StoreUnderTest.OpenAsync();
        var built = Prepare(test, "echo x >> \"$base/runs\"; echo '10 started'; until [ -e \"$go\" ]; do sleep 0.05; done; cp -r \"$base/$1/.\" \"$2\"");
        using var leaves = CancellationTokenSource.CreateLinkedTokenSource(Now);
        var first = test.Store.AddAsync(new ImageSource.Recipe("demo"), leaves.Token).GetAsyncEnumerator(Now);
        do
        {
            Assert.True(await first.MoveNextAsync());
        }
        while (first.Current.Step != "started");

        var others = Enumerable.Range(0, 3).Select(_ => test.AddAsync(new ImageSource.Recipe("demo"))).ToList();
        await leaves.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await first.MoveNextAsync());
        await first.DisposeAsync();
        Assert.All(others, other => Assert.False(other.IsCompleted));

        await File.WriteAllTextAsync(Path.Combine(test.RecipeDirectory, "go"), "", Now);
        Assert.All(await Task.WhenAll(others), image => Assert.Equal(built.Digest, image.Digest));
        Assert.Equal("x\n", await File.ReadAllTextAsync(Path.Combine(test.RecipeDirectory, "runs"), Now));
    }

    [Fact]
    public async Task When_the_last_one_leaves_the_recipe_and_all_it_started_end()
    {
        await using var test = await StoreUnderTest.OpenAsync();
        Prepare(test, "sleep 1000 & echo $! > \"$base/child\"; touch \"$2/partial\"; echo '10 started'; wait");
        using var leaves = CancellationTokenSource.CreateLinkedTokenSource(Now);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (var progress in test.Store.AddAsync(new ImageSource.Recipe("demo"), leaves.Token))
            {
                if (progress.Step == "started")
                {
                    await leaves.CancelAsync();
                }
            }
        });
        Assert.Empty(Directory.GetFileSystemEntries(Path.Combine(test.Options.DataDirectory, "incoming")));
        var child = (await File.ReadAllTextAsync(Path.Combine(test.RecipeDirectory, "child"), Now)).Trim();
        await EndsAsync(child);
        Assert.Empty(test.Store.List());
    }

    [Fact]
    public async Task The_end_of_the_daemon_ends_a_recipe()
    {
        await using var test = await StoreUnderTest.OpenAsync();
        Prepare(test, "echo $$ > \"$base/child\"; echo '10 started'; sleep 1000");
        var progress = test.Store.AddAsync(new ImageSource.Recipe("demo"), Now).GetAsyncEnumerator(Now);
        do
        {
            Assert.True(await progress.MoveNextAsync());
        }
        while (progress.Current.Step != "started");

        await test.Store.DisposeAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await progress.MoveNextAsync());
        await EndsAsync((await File.ReadAllTextAsync(Path.Combine(test.RecipeDirectory, "child"), Now)).Trim());
        await progress.DisposeAsync();
    }

    private static async Task EndsAsync(string pid)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Now);
        patience.CancelAfter(Long);
        while (File.Exists($"/proc/{pid}/stat") && !(await File.ReadAllTextAsync($"/proc/{pid}/stat", Now)).Contains(") Z ", StringComparison.Ordinal))
        {
            await Task.Delay(50, patience.Token);
        }
    }

    /// <summary>A recipe <c>demo</c>, whose directory is the layout it makes, and a <c>make</c> that runs a script.</summary>
    private static ImageBuilder Prepare(StoreUnderTest test, string script)
    {
        var image = new ImageBuilder().Layer(new TarBuilder().File("made"));
        image.WriteTo(Path.Combine(test.RecipeDirectory, "demo"));
        var make = Path.Combine(test.RecipeDirectory, "make");
        File.WriteAllText(make, $"#!/bin/sh\nbase='{test.RecipeDirectory}'\ngo=\"$base/go\"\n{script}\n");
        File.SetUnixFileMode(make, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return image;
    }
}
