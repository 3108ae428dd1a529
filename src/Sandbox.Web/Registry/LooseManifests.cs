using Sandbox.Core.Images;
using Sandbox.Core.People;

namespace Sandbox.Web.Registry;

/// <summary>
/// Manifests that were pushed by their digest, without a tag: clients push those of an index before the index. They wait in
/// memory for it, and the oldest go when there are too many.
/// </summary>
internal sealed class LooseManifests
{
    private const int MostOfOne = 16;
    private const int MostOfAll = 1000;
    private const int MostBytes = 16 << 20;

    private readonly Lock _gate = new();
    private readonly LinkedList<Entry> _entries = new();
    private int _bytes;

    public void Add(PersonId person, string repository, Digest digest, ReadOnlyMemory<byte> manifest)
    {
        lock (_gate)
        {
            Remove(entry => entry.Is(person, repository, digest), 1);
            Remove(entry => entry.Person == person, _entries.Count(entry => entry.Person == person) - MostOfOne + 1);
            _entries.AddLast(new Entry(person, repository, digest, manifest));
            _bytes += manifest.Length;
            while (_bytes > MostBytes || _entries.Count > MostOfAll)
            {
                Remove(_ => true, 1);
            }
        }
    }

    public ReadOnlyMemory<byte>? Find(PersonId person, string repository, Digest digest)
    {
        lock (_gate)
        {
            return _entries.FirstOrDefault(entry => entry.Is(person, repository, digest))?.Manifest;
        }
    }

    private void Remove(Func<Entry, bool> which, int most)
    {
        for (var node = _entries.First; node is not null && most > 0;)
        {
            var next = node.Next;
            if (which(node.Value))
            {
                _entries.Remove(node);
                _bytes -= node.Value.Manifest.Length;
                most--;
            }

            node = next;
        }
    }

    private sealed record Entry(PersonId Person, string Repository, Digest Digest, ReadOnlyMemory<byte> Manifest)
    {
        public bool Is(PersonId person, string repository, Digest digest) => Person == person && Repository == repository && Digest == digest;
    }
}
