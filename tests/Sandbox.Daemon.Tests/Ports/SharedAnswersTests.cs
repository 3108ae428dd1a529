using Sandbox.Core.Sandboxes;
using Sandbox.Daemon.Execs;
using Xunit;

namespace Sandbox.Daemon.Tests.Ports;

public sealed class SharedAnswersTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <summary>Leaving and asking again is how one visitor would start many.</summary>
    [Fact]
    public async Task All_who_ask_meanwhile_share_one_also_when_some_leave()
    {
        var answers = new SharedAnswers<int>();
        var (sandbox, asked, answer) = (SandboxId.New(), 0, new TaskCompletionSource<int>());
        Task<int> Ask()
        {
            asked++;
            return answer.Task;
        }

        var stays = answers.GetAsync(sandbox, Ask, Cancel);
        for (var visit = 0; visit < 3; visit++)
        {
            using var leaves = new CancellationTokenSource();
            var left = answers.GetAsync(sandbox, Ask, leaves.Token);
            await leaves.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => left);
        }

        answer.SetResult(7);
        Assert.Equal((7, 1), (await stays, asked));
        answer = new();
        answer.SetException(new IOException("it ended"));
        await Assert.ThrowsAsync<IOException>(() => answers.GetAsync(sandbox, Ask, Cancel));
        await Assert.ThrowsAsync<IOException>(() => answers.GetAsync(sandbox, Ask, Cancel));
        Assert.Equal(3, asked);
        Assert.Equal(7, await answers.GetAsync(SandboxId.New(), () => Task.FromResult(7), Cancel));
    }
}
