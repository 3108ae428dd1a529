using System.Security.Cryptography;
using System.Text.Json;
using Sandbox.Core.Errors;
using Sandbox.Core.Images;
using Sandbox.Core.Recipes;
using Sandbox.Web.Exports;

namespace Sandbox.Web.LinkArchives;

/// <summary>A link's archive that was sent, on disk: what is in it, found without unpacking it.</summary>
internal sealed class LockArchiveFile
{
    private const int MostEntries = 10_000;
    private const int Piece = 64 * 1024;

    private readonly FileStream _file;
    private readonly Dictionary<string, (long At, long Size)> _entries = new(StringComparer.Ordinal);

    private LockArchiveFile(FileStream file) => _file = file;

    public Recipe Recipe { get; private set; } = null!;

    /// <summary>The link's hash.</summary>
    public string Hash { get; private set; } = "";

    public LockNote Note { get; private set; } = null!;

    /// <summary>Goes through an archive and reads its documents. Their digests are checked here, those of the images by the runtime. Code: ImageInvalid.</summary>
    public static async Task<LockArchiveFile> OpenAsync(FileStream file, CancellationToken cancellationToken)
    {
        var archive = new LockArchiveFile(file);
        await archive.ScanAsync(cancellationToken);
        await archive.ReadDocumentsAsync(cancellationToken);
        return archive;
    }

    /// <summary>The blobs of an image: its manifest, its config and its layers. Code: ImageInvalid.</summary>
    public async Task<IReadOnlyList<BlobDescriptor>> BlobsOfAsync(Digest image, CancellationToken cancellationToken)
    {
        var bytes = await ReadBlobAsync(new BlobDescriptor("", image.Value, SizeOf(image.Value)), LockArchive.MostDocument, cancellationToken);
        var manifest = Parse<BlobManifest>(bytes, "the manifest of an image");
        return manifest is { Config: { } config, Layers: { } layers } && layers.Append(config).All(blob => Digest.TryParse(blob.Digest, out _))
            ? [new BlobDescriptor(manifest.MediaType ?? LockArchive.ManifestType, image.Value, bytes.Length), config, .. layers]
            : throw Broken($"{image.Value} is no manifest of an image");
    }

    /// <summary>An image alone, as the tar of a layout that the runtime takes in. Blobs that are not in the archive are left to it: it may have them.</summary>
    public async IAsyncEnumerable<ReadOnlyMemory<byte>> WriteImageAsync(IReadOnlyList<BlobDescriptor> blobs)
    {
        var index = JsonSerializer.SerializeToUtf8Bytes(new BlobIndex(2, LockArchive.IndexType, [blobs[0]]), LockArchive.Json);
        yield return TarFrame.Header(LockArchive.IndexName, index.Length);
        yield return index;
        yield return TarFrame.Padding(index.Length);
        foreach (var name in blobs.Select(blob => LockArchive.BlobPrefix + blob.Digest["sha256:".Length..]).Distinct(StringComparer.Ordinal))
        {
            if (!_entries.TryGetValue(name, out var entry))
            {
                continue;
            }

            yield return TarFrame.Header(name, entry.Size);
            _file.Position = entry.At;
            for (var rest = entry.Size; rest > 0;)
            {
                var piece = new byte[Math.Min(rest, Piece)];
                await _file.ReadExactlyAsync(piece);
                rest -= piece.Length;
                yield return piece;
            }

            yield return TarFrame.Padding(entry.Size);
        }

        yield return TarFrame.End;
    }

    private async Task ScanAsync(CancellationToken cancellationToken)
    {
        _file.Position = 0;
        var scan = new TarScan(_file);
        for (var count = 0; await scan.NextAsync(cancellationToken) is var (name, size); count++)
        {
            if (count == MostEntries)
            {
                throw Broken($"it has more than {MostEntries} entries");
            }

            var isKnown = name == LockArchive.IndexName || name?.StartsWith(LockArchive.BlobPrefix, StringComparison.Ordinal) == true;
            if (isKnown && !_entries.TryAdd(name!, (_file.Position, size)))
            {
                throw Broken("it has a file twice");
            }

            await scan.SkipAsync(size, cancellationToken);
        }
    }

    private async Task ReadDocumentsAsync(CancellationToken cancellationToken)
    {
        if (!_entries.TryGetValue(LockArchive.IndexName, out var found))
        {
            throw Broken("it has no index.json, so it is no OCI image layout");
        }

        var index = Parse<BlobIndex>(await ReadAsync(LockArchive.IndexName, found, LockArchive.MostDocument, cancellationToken), LockArchive.IndexName);
        if (index.Manifests is not [var described])
        {
            throw Broken("its index.json does not name one manifest");
        }

        var manifest = Parse<BlobManifest>(await ReadBlobAsync(described, LockArchive.MostDocument, cancellationToken), "its manifest");
        if (manifest is not { Config: { MediaType: LockArchive.RecipeType } config, Layers: { } layers })
        {
            throw Broken($"it holds no link: the type of its config is '{Shown(manifest.Config?.MediaType)}' and not {LockArchive.RecipeType}");
        }

        if (layers.FirstOrDefault(layer => layer.MediaType is not (LockArchive.NoteType or LockArchive.BlobType)) is { } foreign)
        {
            throw Broken($"it has a part of the type '{Shown(foreign.MediaType)}', which no link has");
        }

        foreach (var layer in layers)
        {
            if (SizeOf(layer.Digest) != layer.Size)
            {
                throw Broken($"{Shown(layer.Digest)} does not have the size that the manifest says");
            }
        }

        var recipe = await ReadBlobAsync(config, LockArchive.MostRecipe, cancellationToken);
        try
        {
            Recipe = RecipeJson.Read(recipe);
        }
        catch (JsonException mistake)
        {
            throw new SandboxException(ErrorCode.ImageInvalid, "The archive's recipe is not one that this server reads. Another version of it may have written the archive.", mistake);
        }

        // Its canonical bytes are the ones that were sent, or the hash here would be another one than there.
        if (!RecipeJson.Write(Recipe).AsSpan().SequenceEqual(recipe) || RecipeRules.Validate(Recipe).Count > 0 || !Recipe.Nodes.All(node => Digest.TryParse(node.Image, out _)))
        {
            throw Broken("its recipe is not a link's: it breaks the rules of recipes, or an image in it is no digest");
        }

        Hash = config.Digest["sha256:".Length..];
        Note = layers.FirstOrDefault(layer => layer.MediaType == LockArchive.NoteType) is { } note
            ? Parse<LockNote>(await ReadBlobAsync(note, LockArchive.MostDocument, cancellationToken), "its note")
            : throw Broken("it has no note about the author's server");
        if (Note is not { Title: not null, Architecture: not null, Kernel: not null, Isolation: not null, Images: not null } || new[] { Note.Architecture, Note.Kernel, Note.Isolation }.Any(text => !IsWord(text)) || Note.Images.Count != Recipe.Nodes.Count)
        {
            throw Broken("its note about the author's server is not one");
        }
    }

    private async Task<byte[]> ReadBlobAsync(BlobDescriptor blob, int most, CancellationToken cancellationToken)
    {
        var size = SizeOf(blob.Digest);
        if (size != blob.Size)
        {
            throw Broken($"{Shown(blob.Digest)} does not have the size that stands beside it");
        }

        var bytes = await ReadAsync(blob.Digest, _entries[Name(blob.Digest)], most, cancellationToken);
        return "sha256:" + Convert.ToHexStringLower(SHA256.HashData(bytes)) == blob.Digest ? bytes : throw Broken($"the content of {blob.Digest} does not have that digest");
    }

    private async Task<byte[]> ReadAsync(string name, (long At, long Size) entry, int most, CancellationToken cancellationToken)
    {
        if (entry.Size > most)
        {
            throw Broken($"{Shown(name)} has more than {most >> 20} MiB");
        }

        var bytes = new byte[entry.Size];
        _file.Position = entry.At;
        await _file.ReadExactlyAsync(bytes, cancellationToken);
        return bytes;
    }

    private long SizeOf(string digest) =>
        Digest.TryParse(digest, out _) && _entries.TryGetValue(Name(digest), out var entry) ? entry.Size : throw Broken($"{Shown(digest)} is missing");

    private static string Name(string digest) => LockArchive.BlobPrefix + digest["sha256:".Length..];

    private static T Parse<T>(byte[] json, string what)
        where T : class
    {
        try
        {
            return JsonSerializer.Deserialize<T>(json, LockArchive.Json) ?? throw Broken($"{what} is null");
        }
        catch (JsonException)
        {
            throw Broken($"{what} is no JSON of that kind");
        }
    }

    private static bool IsWord(string text) => text.Length is > 0 and <= 128 && text.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '.' or '-' or '_' or '+' or '~');

    private static string Shown(string? text) => string.Concat((text ?? "none").Take(100).Select(letter => char.IsControl(letter) ? '?' : letter));

    private static SandboxException Broken(string why) => new(ErrorCode.ImageInvalid, $"The archive cannot become a link: {why}.");
}
