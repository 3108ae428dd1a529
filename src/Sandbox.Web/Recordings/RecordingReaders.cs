using System.Collections.Concurrent;
using Sandbox.Core.Errors;
using Sandbox.Core.People;

namespace Sandbox.Web.Recordings;

/// <summary>Bounds the recordings one person loads at once: each is held open, and part of it in memory, for as long as its reader takes.</summary>
internal sealed class RecordingReaders
{
    private const int MostEach = 4;

    private readonly ConcurrentDictionary<PersonId, int> _reading = new();

    /// <summary>A place until disposed. Code: Rate.</summary>
    public Place Enter(PersonId person)
    {
        if (_reading.AddOrUpdate(person, 1, static (_, reading) => reading + 1) > MostEach)
        {
            Leave(person);
            throw new SandboxException(ErrorCode.Rate, $"You are loading {MostEach} recordings already. Try again when one of them is there.");
        }

        return new Place(this, person);
    }

    private void Leave(PersonId person)
    {
        if (_reading.AddOrUpdate(person, 0, static (_, reading) => reading - 1) <= 0)
        {
            _reading.TryRemove(new KeyValuePair<PersonId, int>(person, 0));
        }
    }

    internal sealed class Place(RecordingReaders readers, PersonId person) : IDisposable
    {
        public void Dispose() => readers.Leave(person);
    }
}
