using Sandbox.Core.People;

namespace Sandbox.Web.Builds;

/// <summary>Lets one build of an image go on at a time for each person: the others wait, and find what it made.</summary>
internal sealed class BuildTurns
{
    private readonly Lock _gate = new();
    private readonly Dictionary<(PersonId Owner, string Image), Task> _last = [];

    /// <summary>Waits for the builds of the same image before. Disposing the turn lets the next one go on.</summary>
    public async Task<IDisposable> EnterAsync(PersonId owner, string image, CancellationToken cancellationToken)
    {
        var turn = new Turn(this, (owner, image));
        Task before;
        lock (_gate)
        {
            before = _last.GetValueOrDefault(turn.Key, Task.CompletedTask);
            _last[turn.Key] = turn.Ended;
        }

        try
        {
            await before.WaitAsync(cancellationToken);
            return turn;
        }
        catch
        {
            // Those behind wait for the one before.
            _ = before.ContinueWith(_ => turn.Dispose(), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            throw;
        }
    }

    private sealed class Turn(BuildTurns turns, (PersonId, string) key) : IDisposable
    {
        private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public (PersonId, string) Key => key;

        public Task Ended => _ended.Task;

        public void Dispose()
        {
            lock (turns._gate)
            {
                if (turns._last.GetValueOrDefault(key) == Ended)
                {
                    turns._last.Remove(key);
                }
            }

            _ended.TrySetResult();
        }
    }
}
