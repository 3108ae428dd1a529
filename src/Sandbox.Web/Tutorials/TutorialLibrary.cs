using System.Collections.Concurrent;
using Microsoft.EntityFrameworkCore;
using Sandbox.Core.Errors;
using Sandbox.Core.People;
using Sandbox.Tutorials;
using Sandbox.Tutorials.Imports;
using Sandbox.Tutorials.Rendering;
using Sandbox.Web.Links;
using Sandbox.Web.Store;

namespace Sandbox.Web.Tutorials;

/// <summary>A tutorial that was read from its source.</summary>
internal sealed record OpenTutorial(Scenario Scenario, StepRenderer Renderer)
{
    public Tutorial Tutorial => Scenario.Tutorial;

    /// <summary>Characters of all its pages, which is about what it takes of the memory.</summary>
    public long Length { get; } = Scenario.Tutorial.Steps.Sum(step => step.Passages.Sum(passage => (long)passage.Markdown.Length));
}

/// <summary>Finds tutorials by their addresses, and reads them. Those that were read last stay in memory.</summary>
internal sealed class TutorialLibrary(SqliteStore store, TutorialSources sources)
{
    private const int MaxOpen = 64;
    private const long MaxLength = 32 * 1024 * 1024;

    private readonly ConcurrentDictionary<(string Source, string Path), Lazy<OpenTutorial>> _open = new();

    /// <summary>
    /// The tutorial of an address: the caller's own claim, else the oldest of those that show it. Code: NotFound.
    /// </summary>
    /// <param name="visitor">Who asks.</param>
    /// <param name="address">A hash, a name, or name@hash for an old version of the name.</param>
    public Task<TutorialRow> FindAsync(PersonId? visitor, string address) => store.ReadAsync(async db =>
    {
        if (!LinkAddress.TryParse(address, out var parsed))
        {
            throw Missing("There is no such tutorial here: an address is a hash of 64 digits, a name, or name@hash.");
        }

        var hash = parsed.Hash?.Value;
        if (parsed.Alias is { } name)
        {
            var named = await db.TutorialNames.AsNoTracking().SingleOrDefaultAsync(row => row.Name == name) ?? throw Missing($"No tutorial is called '{name}' here.");
            if (hash is not null && !await db.TutorialVersions.AnyAsync(row => row.Name == name && row.Hash == hash))
            {
                throw Missing($"'{name}' never led to {hash[..12]}….");
            }

            hash ??= named.Hash;
        }

        var me = visitor?.Value ?? "";
        var claims = await db.Tutorials.AsNoTracking().Where(row => row.Hash == hash).OrderBy(row => row.CreatedAt).ToListAsync();
        return claims.Find(row => row.OwnerId == me) ?? claims.FirstOrDefault() ?? throw Missing(parsed.Alias is null
            ? "There is no such tutorial here, or it was deleted."
            : $"'{parsed.Alias}' leads to a tutorial that was deleted. Its owner can move it.");
    });

    /// <summary>Reads a tutorial. Code: NotFound.</summary>
    public async Task<OpenTutorial> OpenAsync(string source, string path)
    {
        var key = (source, path);
        if (!_open.ContainsKey(key) && (_open.Count >= MaxOpen || _open.Values.Where(open => open.IsValueCreated).Sum(open => open.Value.Length) > MaxLength))
        {
            _open.Clear();
        }

        var reading = _open.GetOrAdd(key, _ => new Lazy<OpenTutorial>(() => Read(source, path)));
        try
        {
            // A whole archive may be looked through: not on the thread of a request.
            return reading.IsValueCreated ? reading.Value : await Task.Run(() => reading.Value);
        }
        catch
        {
            _open.TryRemove(key, out _);
            throw;
        }
    }

    private OpenTutorial Read(string source, string path)
    {
        using var archive = sources.Open(source);
        var scenario = TutorialImport.ReadOne(archive, path) ?? throw Missing("The files of this tutorial hold it no more.");
        return new OpenTutorial(scenario, new StepRenderer(scenario.Tutorial));
    }

    private static SandboxException Missing(string why) => new(ErrorCode.NotFound, why);
}
