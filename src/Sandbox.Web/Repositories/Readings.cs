using System.Collections.Concurrent;
using Sandbox.Core.Errors;
using Sandbox.Core.People;
using Sandbox.Recipes.Addresses;

namespace Sandbox.Web.Repositories;

/// <summary>
/// The readings of all visitors, those that go on and those that ended a little while ago. A person's are done one after the other,
/// so that they hold one sandbox of the plan. In memory only: what they make is in the store.
/// </summary>
internal sealed partial class Readings(TimeProvider time, IHostApplicationLifetime lifetime, WebOptions options, ILogger<Readings> logger)
{
    /// <summary>Readings of one person that wait or go on.</summary>
    private const int MostAtOnce = 8;

    /// <summary>Ended readings of everybody that are remembered.</summary>
    private const int MostRemembered = 2000;

    /// <summary>How long an ended one is remembered.</summary>
    private static readonly TimeSpan Remembered = TimeSpan.FromMinutes(10);

    /// <summary>How long a branch is taken to be where it was: a page that is loaded twice reads once.</summary>
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(10);

    private readonly Lock _gate = new();
    private readonly Dictionary<string, Reading> _readings = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<PersonId, Task> _last = new();

    /// <summary>Begins a reading, or returns one of the same repository that goes on or has just ended well. Code: Rate.</summary>
    /// <param name="owner">The person.</param>
    /// <param name="address">The repository.</param>
    /// <param name="kind">What becomes of it.</param>
    /// <param name="work">Reads it.</param>
    public Reading Begin(PersonId owner, RepositoryAddress address, object kind, Func<Reading, CancellationToken, Task<ReadingResult>> work)
    {
        lock (_gate)
        {
            Forget();
            var own = _readings.Values.Where(reading => reading.Owner == owner).ToList();
            if (own.Find(reading => reading.Address == address && reading.Kind.Equals(kind) && IsUsable(reading)) is { } same)
            {
                return same;
            }

            if (own.Count(reading => reading.State == ReadingState.Reading) >= MostAtOnce)
            {
                throw new SandboxException(ErrorCode.Rate, $"You have {MostAtOnce} repositories that are being read. Wait until one of them is done, or cancel it.");
            }

            var stop = CancellationTokenSource.CreateLinkedTokenSource(lifetime.ApplicationStopping);
            var before = _last.GetValueOrDefault(owner, Task.CompletedTask);
            Reading reading = null!;
            var body = new Task<Task<ReadingResult>>(() => RunAsync(before, reading, work, stop));
            reading = new Reading(owner, address, kind, stop) { Outcome = body.Unwrap() };
            _readings[reading.Id] = reading;
            var ended = reading.Outcome.ContinueWith(static task => _ = task.Exception, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            _last[owner] = ended;
            _ = ended.ContinueWith(task => _last.TryRemove(new KeyValuePair<PersonId, Task>(owner, task)), TaskScheduler.Default);
            body.Start(TaskScheduler.Default);
            return reading;
        }
    }

    /// <summary>A person's reading; null when there is none of that id.</summary>
    public Reading? Find(PersonId owner, string id)
    {
        lock (_gate)
        {
            return _readings.GetValueOrDefault(id) is { } reading && reading.Owner == owner ? reading : null;
        }
    }

    private bool IsUsable(Reading reading) => reading.State switch
    {
        ReadingState.Reading => true,
        ReadingState.Done => reading.EndedAt > time.GetUtcNow() - Fresh,
        _ => false,
    };

    private async Task<ReadingResult> RunAsync(Task before, Reading reading, Func<Reading, CancellationToken, Task<ReadingResult>> work, CancellationTokenSource stop)
    {
        try
        {
            await before.WaitAsync(stop.Token);
            stop.CancelAfter(TimeSpan.FromSeconds(2 * options.Repositories.Seconds));
            return await work(reading, stop.Token);
        }
        catch (SandboxException fault)
        {
            Log.Failed(logger, reading.Address.Url, fault.Code, fault.Message);
            throw;
        }
        catch (OperationCanceledException cancelled)
        {
            throw new SandboxException(ErrorCode.Conflict, "The reading was cancelled.", cancelled);
        }
        catch (Exception fault)
        {
            Log.Broken(logger, fault, reading.Address.Url);
            throw new SandboxException(ErrorCode.Internal, "Something went wrong on our side.", fault);
        }
        finally
        {
            reading.EndedAt = time.GetUtcNow();
            stop.Dispose();
        }
    }

    private void Forget()
    {
        var old = time.GetUtcNow() - Remembered;
        var ended = _readings.Values.Where(reading => reading.EndedAt is not null).OrderBy(reading => reading.EndedAt).ToList();
        foreach (var reading in ended.Where((reading, at) => reading.EndedAt < old || ended.Count - at > MostRemembered))
        {
            _readings.Remove(reading.Id);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "The repository {Url} could not be read: {Code}, {Detail}")]
        public static partial void Failed(ILogger logger, string url, ErrorCode code, string detail);

        [LoggerMessage(Level = LogLevel.Error, Message = "Reading the repository {Url} broke")]
        public static partial void Broken(ILogger logger, Exception fault, string url);
    }
}
