using System.Collections.Concurrent;

namespace Sandbox.Web.Http;

/// <summary>How many of something each one holds open. Each entry is left again, at any count.</summary>
internal sealed class OpenCounts<TKey>
    where TKey : notnull
{
    private readonly ConcurrentDictionary<TKey, int> _open = new();

    /// <summary>How many are open with this one.</summary>
    public int Enter(TKey key) => _open.AddOrUpdate(key, 1, static (_, open) => open + 1);

    public void Leave(TKey key)
    {
        if (_open.AddOrUpdate(key, 0, static (_, open) => open - 1) <= 0)
        {
            _open.TryRemove(new KeyValuePair<TKey, int>(key, 0));
        }
    }
}
