using System.Runtime.ExceptionServices;
using Sandbox.Core.Images;

namespace Sandbox.Daemon.Images;

/// <summary>
/// The import of one image, shared by everybody who asks for it at the same time. It is cancelled when the last of them
/// leaves.
/// </summary>
internal sealed class ImageWork : IDisposable
{
    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _stop = new();
    private TaskCompletionSource _changed = NewSignal();
    private ImageProgress _latest = new(0, "starting");
    private ExceptionDispatchInfo? _fault;
    private Task _running = Task.CompletedTask;
    private int _askers;
    private bool _over;

    /// <summary>Starts the work; the starter has joined it.</summary>
    public void Start(Func<WorkReport, CancellationToken, Task<StoredImage>> work)
    {
        _askers = 1;
        _running = Task.Run(async () =>
        {
            try
            {
                var report = new WorkReport(Publish);
                var image = await work(report, _stop.Token);
                Conclude(new ImageProgress(100, "ready", image) { Notes = report.Notes.Sentences }, null);
            }
            catch (Exception exception)
            {
                Conclude(null, ExceptionDispatchInfo.Capture(exception));
            }
        });
    }

    /// <summary>Joins the work; false if it is over or about to be, so that the caller starts another.</summary>
    public bool TryJoin()
    {
        lock (_gate)
        {
            if (_over || _stop.IsCancellationRequested)
            {
                return false;
            }

            _askers++;
            return true;
        }
    }

    /// <summary>The latest progress, and a task that completes with the next. Throws the error if the work failed.</summary>
    public (ImageProgress Latest, Task Changed) Look()
    {
        lock (_gate)
        {
            _fault?.Throw();
            return (_latest, _changed.Task);
        }
    }

    /// <summary>Leaves the work. The last one waits until unfinished work is cleaned up.</summary>
    public async Task LeaveAsync()
    {
        lock (_gate)
        {
            if (--_askers > 0)
            {
                return;
            }
        }

        await StopAsync();
        Dispose();
    }

    public void Dispose() => _stop.Dispose();

    /// <summary>Cancels the work for everybody and waits for its end.</summary>
    public async Task StopAsync()
    {
        var cancelled = Task.CompletedTask;
        lock (_gate)
        {
            if (!_over)
            {
                cancelled = _stop.CancelAsync();
            }
        }

        await cancelled;
        await _running;
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private void Publish(ImageProgress progress)
    {
        TaskCompletionSource changed;
        lock (_gate)
        {
            var next = progress with { Percent = Math.Max(_latest.Percent, progress.Percent) };
            if (next == _latest)
            {
                return;
            }

            _latest = next;
            changed = _changed;
            _changed = NewSignal();
        }

        changed.SetResult();
    }

    private void Conclude(ImageProgress? last, ExceptionDispatchInfo? fault)
    {
        lock (_gate)
        {
            _over = true;
            _latest = last ?? _latest;
            _fault = fault;
        }

        _changed.TrySetResult();
    }
}

/// <summary>Reports the progress of the work. A stage is a part of the whole; its reports are scaled to that part.</summary>
internal sealed class WorkReport(Action<ImageProgress> publish)
{
    private int _from;
    private int _to = 100;
    private int _now;

    /// <summary>How the imported image differs from its source.</summary>
    public ImportNotes Notes { get; } = new();

    /// <summary>Begins a stage that takes the work from one percentage to another.</summary>
    public void Stage(int from, int to, string step)
    {
        (_from, _to) = (from, to);
        Percent(0, step);
    }

    /// <summary>Reports the current activity, without a percentage.</summary>
    public void Say(string step) => publish(new ImageProgress(_now, step));

    /// <summary>How much of the stage is done, 0 to 100.</summary>
    public void Percent(int percent, string step)
    {
        _now = Math.Max(_now, _from + ((_to - _from) * Math.Clamp(percent, 0, 100) / 100));
        publish(new ImageProgress(_now, step));
    }

    /// <summary>How much of the stage is done, by bytes.</summary>
    public void Fraction(long done, long total, string step) => Percent(total <= 0 ? 0 : (int)Math.Clamp(done * 100 / total, 0, 100), step);
}
