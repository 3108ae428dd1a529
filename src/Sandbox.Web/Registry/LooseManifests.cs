using Sandbox.Core.Images;
using Sandbox.Core.People;

namespace Sandbox.Web.Registry;

/// <summary>
/// Manifests that were pushed by their digest, without a tag: clients push those of an index before the index. They wait in
/// memory for it. When one person has too many, their oldest go; when all together have, the oldest of the person with most, so
/// that nobody drives out manifests of others.
/// </summary>
internal sealed class LooseManifests
{
    private const int MostOfOne = 16;
    private const int MostBytesOfOne = PushedManifest.MaxBytes;
    private const int MostOfAll = 1000;
    private const int MostBytes = 16 << 20;

    private readonly Lock _gate = new();
    private readonly LinkedList<Entry> _entries = new();
    private int _bytes;

    public void Add(PersonId person, string repository, Digest digest, ReadOnlyMemory<byte> manifest)
    {
        lock (_gate)
        {
            RemoveFirst(entry => entry.Is(person, repository, digest));
            while (Of(person) is var own && (own.Count >= MostOfOne || own.Sum(entry => entry.Manifest.Length) + manifest.Length > MostBytesOfOne) && own.Count > 0)
            {
                RemoveFirst(entry => entry.Person == person);
            }

            _entries.AddLast(new Entry(person, repository, digest, manifest.ToArray())); // the caller's buffer is larger
            _bytes += manifest.Length;
            while (_bytes > MostBytes || _entries.Count > MostOfAll)
            {
                var most = _bytes > MostBytes
                    ? _entries.GroupBy(entry => entry.Person).MaxBy(group => group.Sum(entry => entry.Manifest.Length))!.Key
                    : _entries.GroupBy(entry => entry.Person).MaxBy(group => group.Count())!.Key;
                RemoveFirst(entry => entry.Person == most);
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

    private List<Entry> Of(PersonId person) => [.. _entries.Where(entry => entry.Person == person)];

    private void RemoveFirst(Func<Entry, bool> which)
    {
        for (var node = _entries.First; node is not null; node = node.Next)
        {
            if (which(node.Value))
            {
                _entries.Remove(node);
                _bytes -= node.Value.Manifest.Length;
                return;
            }
        }
    }

    private sealed record Entry(PersonId Person, string Repository, Digest Digest, ReadOnlyMemory<byte> Manifest)
    {
        public bool Is(PersonId person, string repository, Digest digest) => Person == person && Repository == repository && Digest == digest;
    }
}
