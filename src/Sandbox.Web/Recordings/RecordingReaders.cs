using Sandbox.Core.Errors;
using Sandbox.Core.People;
using Sandbox.Web.Http;

namespace Sandbox.Web.Recordings;

/// <summary>Bounds the recordings one person loads at once: each is held open, and part of it in memory, for as long as its reader takes.</summary>
internal sealed class RecordingReaders
{
    private const int MostEach = 4;

    private readonly OpenCounts<PersonId> _reading = new();

    /// <summary>A place until disposed. Code: Rate.</summary>
    public Place Enter(PersonId person)
    {
        if (_reading.Enter(person) > MostEach)
        {
            _reading.Leave(person);
            throw new SandboxException(ErrorCode.Rate, $"You are loading {MostEach} recordings already. Try again when one of them is there.");
        }

        return new Place(_reading, person);
    }

    internal sealed class Place(OpenCounts<PersonId> reading, PersonId person) : IDisposable
    {
        public void Dispose() => reading.Leave(person);
    }
}
