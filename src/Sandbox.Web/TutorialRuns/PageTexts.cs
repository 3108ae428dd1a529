using System.Collections.Concurrent;
using Sandbox.Tutorials.Rendering;
using Sandbox.Tutorials.Sources;
using Sandbox.Web.Tutorials;

namespace Sandbox.Web.TutorialRuns;

/// <summary>
/// The HTML of pages. A megabyte of Markdown takes seconds of a processor, so pages are rendered one at a time, not on the
/// thread of a request, and those of the last visitors stay in memory.
/// </summary>
internal sealed class PageTexts : IDisposable
{
    private const long MaxLength = 16 * 1024 * 1024;

    private readonly ConcurrentDictionary<(string Hash, int Number, string Parameters, string Sandbox), string> _pages = new();
    private readonly SemaphoreSlim _turn = new(1, 1);
    private long _length;

    public void Dispose() => _turn.Dispose();

    /// <summary>The HTML of a page of a run.</summary>
    public async Task<string> RenderAsync(OpenRun run, int number, CancellationToken cancellationToken)
    {
        var key = (run.Row.Hash, number, run.Row.Parameters, run.Addresses is null ? "" : run.Sandbox.Value);
        if (_pages.TryGetValue(key, out var known))
        {
            return known;
        }

        await _turn.WaitAsync(cancellationToken);
        try
        {
            if (_pages.TryGetValue(key, out known))
            {
                return known;
            }

            var step = run.StepAt(number);
            var folder = step.File is { } file ? TutorialSource.FolderOf(file) : TutorialPictures.FolderOf(run.Row.Path);
            var settings = new RenderSettings { Parameters = run.Values, Addresses = run.Addresses, Picture = picture => TutorialPictures.Address(run.Row.Hash, folder, picture) };
            var html = await Task.Run(() => run.Open.Renderer.Render(step, settings), cancellationToken);
            _length += html.Length;
            if (_length > MaxLength)
            {
                _pages.Clear();
                _length = html.Length;
            }

            _pages[key] = html;
            return html;
        }
        finally
        {
            _turn.Release();
        }
    }
}
