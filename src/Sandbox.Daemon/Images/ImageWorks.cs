using System.Runtime.CompilerServices;
using Sandbox.Core.Errors;
using Sandbox.Core.Images;

namespace Sandbox.Daemon.Images;

/// <summary>The imports that are under way. Requests with the same key share one.</summary>
internal sealed class ImageWorks
{
    /// <summary>Each is a program that fetches, and an image's worth of disk.</summary>
    private const int MostWorks = 32;

    private readonly Lock _gate = new();
    private readonly Dictionary<string, ImageWork> _works = new(StringComparer.Ordinal);

    /// <summary>Joins the import with this key, or starts it, and follows its progress. The last report has the image. Code: Capacity.</summary>
    public async IAsyncEnumerable<ImageProgress> FollowAsync(
        string key, Func<WorkReport, CancellationToken, Task<StoredImage>> import, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var work = Join(key, import);
        try
        {
            ImageProgress? shown = null;
            while (true)
            {
                var (latest, changed) = work.Look();
                if (!ReferenceEquals(latest, shown))
                {
                    shown = latest;
                    yield return latest;
                }

                if (latest.Image is not null)
                {
                    yield break;
                }

                await changed.WaitAsync(cancellationToken);
            }
        }
        finally
        {
            await work.LeaveAsync();
        }
    }

    /// <summary>Cancels all imports and waits for their end.</summary>
    public async Task StopAsync()
    {
        List<ImageWork> works;
        lock (_gate)
        {
            works = [.. _works.Values];
        }

        await Task.WhenAll(works.Select(work => work.StopAsync()));
    }

    private ImageWork Join(string key, Func<WorkReport, CancellationToken, Task<StoredImage>> import)
    {
        lock (_gate)
        {
            if (_works.TryGetValue(key, out var present) && present.TryJoin())
            {
                return present;
            }

            if (_works.Count >= MostWorks)
            {
                throw new SandboxException(ErrorCode.Capacity, "Too many images are being brought in at once. Try again when others are ready.");
            }

            var work = new ImageWork();
            _works[key] = work;
            work.Start(async (report, token) =>
            {
                try
                {
                    return await import(report, token);
                }
                finally
                {
                    Forget(key, work);
                }
            });
            return work;
        }
    }

    private void Forget(string key, ImageWork work)
    {
        lock (_gate)
        {
            if (_works.TryGetValue(key, out var current) && ReferenceEquals(current, work))
            {
                _works.Remove(key);
            }
        }
    }
}
