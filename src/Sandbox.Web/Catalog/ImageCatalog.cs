using System.Collections.Concurrent;
using System.Text.RegularExpressions;
using Microsoft.EntityFrameworkCore;
using Sandbox.Core.Errors;
using Sandbox.Core.Images;
using Sandbox.Core.Networks;
using Sandbox.Core.Runtime;
using Sandbox.Web.Store;

namespace Sandbox.Web.Catalog;

/// <summary>The catalog entry behind an image of a recipe.</summary>
/// <param name="Name">Its name in the catalog.</param>
/// <param name="Digest">The digest to start; null until the image has been made once.</param>
/// <param name="Interactive">Whether its command is a shell or another interactive program.</param>
internal sealed record ResolvedImage(string Name, Digest? Digest, bool Interactive);

/// <summary>The images an operator offers. Reads are served from memory; every change is written through to SQLite.</summary>
internal sealed partial class ImageCatalog(SqliteStore store, ISandboxRuntime runtime, ImageUse use, ArchiveUploads uploads, TimeProvider time) : IDisposable
{
    private readonly ConcurrentDictionary<string, CatalogRow> _entries = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, ImageProgress> _progress = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<(string Name, Digest Digest), bool> _recorded = new();
    private readonly ConcurrentDictionary<string, string> _ownClasses = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _changing = new(1, 1);

#pragma warning disable MA0046 // Handlers need no sender.
    /// <summary>Raised after any entry changed; handlers return quickly.</summary>
    public event Action? Changed;

    /// <summary>Raised when an image may have to be made.</summary>
    internal event Action? Asked;

    /// <summary>Raised with the name of an entry once its image was made, failed or was removed.</summary>
    internal event Action<string>? Settled;

    /// <summary>Raised with the name of a removed entry, whose image need not be made any more.</summary>
    internal event Action<string>? Dropped;
#pragma warning restore MA0046

    public void Dispose() => _changing.Dispose();

    /// <summary>All entries by name; hidden ones on request.</summary>
    public Task<IReadOnlyList<CatalogImage>> ListAsync(bool includeHidden, CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<CatalogImage>>(
        [
            .. _entries.Values
                .Where(row => !row.Removed && (includeHidden || !row.Hidden))
                .OrderBy(row => row.Name, StringComparer.Ordinal)
                .Select(row => _progress.TryGetValue(row.Name, out var progress) ? row.ToView(progress.Percent, progress.Step, OwnClassOf(row)) : row.ToView(0, "waiting for its turn", OwnClassOf(row))),
        ]);

    /// <summary>Adds an entry and starts to make its image; returns at once. Codes: Invalid, Conflict (the name is taken).</summary>
    public async Task AddAsync(string name, string title, string description, ImageSource source, CancellationToken cancellationToken)
    {
        Check(name, title, description, source);
        RefuseTaken(name);
        var (kind, text) = source switch
        {
            ImageSource.Recipe recipe => (CatalogSource.Recipe, recipe.Name),
            ImageSource.Registry registry => (CatalogSource.Registry, registry.Reference),
            ImageSource.Archive { Kind: ArchiveKind.Oci } => (CatalogSource.OciArchive, ""),
            _ => (CatalogSource.DockerArchive, ""),
        };

        // The request body is gone before the image is made, so the archive is stored until then.
        if (source is ImageSource.Archive archive)
        {
            text = await uploads.KeepAsync(archive.Content, cancellationToken);
        }

        try
        {
            await ChangeAsync(name, current =>
            {
                RefuseTaken(name);
                return new CatalogRow
                {
                    Name = name,
                    Title = title.Trim().Length == 0 ? name : title.Trim(),
                    Description = description.Trim(),
                    SourceKind = kind,
                    Source = text,
                    State = CatalogState.Making,
                    AskedAt = time.GetUtcNow(),
                };
            });
        }
        catch when (source is ImageSource.Archive)
        {
            uploads.Drop(text);
            throw;
        }

        Asked?.Invoke();
    }

    /// <summary>Makes an image again from its source. Running playgrounds keep their digest. Codes: ImageNotFound, Invalid (an archive has to be uploaded again).</summary>
    public async Task UpdateAsync(string name, CancellationToken cancellationToken)
    {
        await ChangeAsync(name, current => Require(current) switch
        {
            { IsArchive: true } => throw new SandboxException(ErrorCode.Invalid, $"{name} came as an archive: remove it and upload the new one."),
            { State: CatalogState.Making } row => row,
            var row => row with { State = CatalogState.Making, Error = null, AskedAt = time.GetUtcNow() },
        });
        Asked?.Invoke();
    }

    /// <summary>Hides an entry from visitors, or shows it again. Code: ImageNotFound.</summary>
    public Task HideAsync(string name, bool hidden, CancellationToken cancellationToken) =>
        ChangeAsync(name, current => Require(current) with { Hidden = hidden });

    /// <summary>Sets what sandboxes of an image reach at most, from the next launch on. Codes: ImageNotFound, Invalid.</summary>
    public Task LimitAsync(string name, NetworkPolicy policy, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return policy.Validate() is { Count: > 0 } mistakes
            ? throw new SandboxException(ErrorCode.Invalid, string.Join("; ", mistakes))
            : ChangeAsync(name, current => Require(current, name) with { Network = policy.Network, Domains = string.Join(' ', policy.Domains) });
    }

    /// <summary>What sandboxes of an image reach at most. An image that the catalog does not have limits nothing.</summary>
    internal NetworkPolicy PolicyOf(string name) => Find(name)?.Policy ?? NetworkPolicy.Open;

    /// <summary>
    /// Sets the isolation class that sandboxes of an image have at least, from the next launch on. Codes: ImageNotFound, Invalid,
    /// IsolationUnavailable.
    /// </summary>
    public async Task IsolateAsync(string name, string setting, CancellationToken cancellationToken)
    {
        var row = Require(Find(name), name);
        await IsolationSetting.CheckAsync(setting, row.Isolation, runtime, cancellationToken);
        var isolation = IsolationSetting.Class(setting);
        if (!IsolationDemand.Fits(OwnClassOf(row), isolation))
        {
            throw new SandboxException(ErrorCode.IsolationUnavailable, $"isolation: {row.Title} runs Docker inside, which {IsolationDemand.Title(isolation!)} cannot.");
        }

        await ChangeAsync(name, current => Require(current, name) with { Isolation = isolation });
    }

    /// <summary>The isolation class that an operator requires for an image; null requires none.</summary>
    internal string? RequiredClassOf(string name) => Find(name)?.Isolation;

    /// <summary>The isolation class that an image is made for; null is the runtime's default, or not known yet.</summary>
    internal string? OwnClassOf(string name) => Find(name) is { } row ? OwnClassOf(row) : null;

    private string? OwnClassOf(CatalogRow row) => row.Digest is { } digest ? _ownClasses.GetValueOrDefault(digest) : null;

    /// <summary>Removes an entry, and its image unless a link holds it. Codes: ImageNotFound, ImageInUse.</summary>
    public async Task RemoveAsync(string name, CancellationToken cancellationToken)
    {
        if (!_entries.TryGetValue(name, out var row) || row.Removed)
        {
            throw Unknown(name);
        }

        if (row.Digest is { } digest && !_entries.Values.Any(other => other.Digest == digest && other.Name != name && !other.Removed))
        {
            if (await store.ReadAsync(db => db.Sandboxes.AnyAsync(sandbox => sandbox.Digest == digest && sandbox.Playground!.State != PlaygroundStage.Ended)))
            {
                throw new SandboxException(ErrorCode.ImageInUse, $"{name} is used by a running playground: end it first.");
            }
        }

        // The image goes with the last thing that holds it; links may need it as long as they are there.
        await ChangeAsync(name, current => Require(current) with { Removed = true, Digest = null, State = CatalogState.Failed });
        await use.TryCollectAsync();
        if (row.IsArchive)
        {
            uploads.Drop(row.Source);
        }

        Dropped?.Invoke(name);
        Settled?.Invoke(name);
    }

    /// <summary>Finds an image of a recipe by catalog name or digest. Code: ImageNotFound.</summary>
    internal ResolvedImage Resolve(string image)
    {
        var row = Digest.TryParse(image, out var wanted)
            ? _entries.Values.FirstOrDefault(entry => !entry.Removed && entry.Digest == wanted.Value)
            : _entries.GetValueOrDefault(image) is { Removed: false, Hidden: false } named ? named : null;
        return row switch
        {
            null => throw new SandboxException(ErrorCode.ImageNotFound, $"The catalog has no image '{Quoted(image)}'."),
            { Digest: { } digest } => new ResolvedImage(row.Name, Digest.Parse(digest), row.Interactive),
            { State: CatalogState.Failed } => throw new SandboxException(ErrorCode.ImageNotFound, $"The image {row.Name} could not be made: {row.Error}"),
            _ => new ResolvedImage(row.Name, null, true),
        };
    }

    /// <summary>Whether a name or a digest is one of the catalog.</summary>
    internal bool Knows(string image) => Offers(image) || (Digest.TryParse(image, out _) && _entries.Values.Any(entry => !entry.Removed && entry.Digest == image));

    /// <summary>Whether the catalog offers an image of this name.</summary>
    internal bool Offers(string name) => _entries.GetValueOrDefault(name) is { Removed: false, Hidden: false };

    /// <summary>The image that is offered for a reference: of its name, or of the name without registry and tag.</summary>
    internal string? Offered(string reference) =>
        Offers(reference) ? reference : reference[(reference.LastIndexOf('/') + 1)..].Split(':', '@')[0] is var name && Offers(name) ? name : null;

    /// <summary>The entry, hidden or not; null when the catalog has none.</summary>
    internal CatalogRow? Find(string name) => _entries.GetValueOrDefault(name) is { Removed: false } row ? row : null;

    /// <summary>Current step of an image that is being made, as text.</summary>
    internal string? StepOf(string name) => _progress.TryGetValue(name, out var progress) ? $"{progress.Step} ({progress.Percent} %)" : null;

    internal async Task LoadAsync(IReadOnlyList<CatalogSeed> seeds)
    {
        foreach (var row in await store.ReadAsync(db => db.Catalog.AsNoTracking().ToListAsync()))
        {
            _entries[row.Name] = row;
        }

        // Queued in the order of the file, so that its first image is usable first.
        var asked = time.GetUtcNow();
        foreach (var seed in seeds.Where(seed => !_entries.ContainsKey(seed.Name)))
        {
            asked = asked.AddMilliseconds(1);
            await ChangeAsync(seed.Name, _ => new CatalogRow
            {
                Name = seed.Name,
                Title = seed.Title ?? seed.Name,
                Description = seed.Description ?? "",
                SourceKind = CatalogSource.Recipe,
                Source = seed.Recipe ?? seed.Name,
                State = CatalogState.Making,
                AskedAt = asked,
            });
        }
    }

    /// <summary>Stored archives that have not been imported yet.</summary>
    internal IReadOnlySet<string> UploadsWanted() => _entries.Values
        .Where(row => row is { IsArchive: true, State: CatalogState.Making, Removed: false })
        .Select(row => row.Source).ToHashSet(StringComparer.Ordinal);

    internal CatalogRow? NextToMake(Func<CatalogRow, bool> which) => _entries.Values
        .Where(row => row is { State: CatalogState.Making, Removed: false } && which(row))
        .OrderBy(row => row.AskedAt)
        .ThenBy(row => row.Name, StringComparer.Ordinal)
        .FirstOrDefault();

    internal void Report(string name, ImageProgress progress)
    {
        _progress[name] = progress;
        Changed?.Invoke();
    }

    /// <summary>An image was made. From now on launches take it.</summary>
    internal async Task MadeAsync(string name, StoredImage image, IReadOnlyList<string> notes)
    {
        await RecordAsync(name, image);
        await SettleAsync(name, current => current.Made(image, notes));
    }

    /// <summary>An image could not be made.</summary>
    internal Task FailedAsync(string name, string error) => SettleAsync(name, current => current.Failed(error));

    /// <summary>Makes images again that the store lost. False while there is one to make.</summary>
    internal async Task<bool> ReconcileAsync(CancellationToken cancellationToken)
    {
        var stored = (await runtime.Images.ListAsync(cancellationToken)).ToDictionary(image => image.Digest.Value, StringComparer.Ordinal);
        foreach (var row in _entries.Values.Where(row => row is { State: CatalogState.Ready, Removed: false, Digest: not null }))
        {
            if (stored.TryGetValue(row.Digest!, out var image))
            {
                await RecordAsync(row.Name, image);
                continue;
            }

            await ChangeAsync(row.Name, current => Require(current) with
            {
                Digest = null,
                State = row.IsArchive ? CatalogState.Failed : CatalogState.Making,
                Error = row.IsArchive ? "The host lost this image: remove it and upload it again." : null,
            });
        }

        if (NextToMake(static _ => true) is null)
        {
            return true;
        }

        Asked?.Invoke();
        return false;
    }

    private async Task SettleAsync(string name, Func<CatalogRow, CatalogRow> outcome)
    {
        var kept = await ChangeAsync(name, current => current is null or { Removed: true } ? current : outcome(current));
        _progress.TryRemove(name, out _);
        if (kept is { IsArchive: true, Source.Length: > 0 })
        {
            uploads.Drop(kept.Source);
        }

        Changed?.Invoke();
        Settled?.Invoke(name);
    }

    /// <summary>Adds an image to the history of its entry.</summary>
    private async Task RecordAsync(string name, StoredImage image)
    {
        if (image.Isolation is { } isolation)
        {
            _ownClasses[image.Digest.Value] = isolation;
        }

        if (!_recorded.TryAdd((name, image.Digest), true))
        {
            return;
        }

        var now = time.GetUtcNow();
        var layers = string.Join(' ', image.Layers.Select(layer => layer.Digest.Value));
        await store.WriteAsync(async db =>
        {
            if (await db.CatalogDigests.SingleOrDefaultAsync(row => row.Name == name && row.Digest == image.Digest.Value) is { } row)
            {
                row.Layers = layers;
            }
            else
            {
                db.CatalogDigests.Add(new CatalogDigestRow { Name = name, Digest = image.Digest.Value, MadeAt = now, Layers = layers });
            }

            return true;
        });
    }

    private async Task<CatalogRow?> ChangeAsync(string name, Func<CatalogRow?, CatalogRow?> change)
    {
        await _changing.WaitAsync();
        try
        {
            var current = _entries.GetValueOrDefault(name);
            var next = change(current);
            if (next is null || ReferenceEquals(next, current))
            {
                return current;
            }

            await store.WriteAsync(db =>
            {
                db.Catalog.Entry(next).State = current is null ? EntityState.Added : EntityState.Modified;
                return Task.FromResult(true);
            });
            _entries[name] = next;
            Changed?.Invoke();
            return next;
        }
        finally
        {
            _changing.Release();
        }
    }

    private void RefuseTaken(string name)
    {
        if (_entries.GetValueOrDefault(name) is { Removed: false })
        {
            throw new SandboxException(ErrorCode.Conflict, $"The catalog has an image {name} already.");
        }
    }

    private static CatalogRow Require(CatalogRow? row, string name = "that") => row is { Removed: false } ? row : throw Unknown(row?.Name ?? name);

    private static SandboxException Unknown(string name) => new(ErrorCode.ImageNotFound, $"The catalog has no image '{Quoted(name)}'.");

    private static string Quoted(string text) => text.Length > 80 ? text[..80] + "…" : text;

    private static void Check(string name, string title, string description, ImageSource source)
    {
        var mistakes = new List<string>();
        if (!NamePattern().IsMatch(name))
        {
            mistakes.Add("name: 1 to 64 lower-case letters, digits, dots and dashes, a letter or digit first and last");
        }

        if (title.Length > 80)
        {
            mistakes.Add("title: at most 80 characters");
        }

        if (description.Length > 400)
        {
            mistakes.Add("description: at most 400 characters");
        }

        switch (source)
        {
            case ImageSource.Recipe recipe when !NamePattern().IsMatch(recipe.Name):
                mistakes.Add("recipe: the name of a directory in infra/images");
                break;
            case ImageSource.Registry registry when !ReferencePattern().IsMatch(registry.Reference):
                mistakes.Add("reference: like debian:12 or ghcr.io/owner/image@sha256:…");
                break;
        }

        if (mistakes.Count > 0)
        {
            throw new SandboxException(ErrorCode.Invalid, string.Join("; ", mistakes));
        }
    }

    [GeneratedRegex(@"\A[a-z0-9](?:[a-z0-9.-]{0,62}[a-z0-9])?\z", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex NamePattern();

    [GeneratedRegex(@"\A[A-Za-z0-9][A-Za-z0-9._:/@-]{0,254}\z", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex ReferencePattern();
}
