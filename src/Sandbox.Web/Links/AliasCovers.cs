using Microsoft.EntityFrameworkCore;
using Sandbox.Core.Errors;
using Sandbox.Core.People;
using Sandbox.Web.Store;

namespace Sandbox.Web.Links;

/// <summary>A picture of an alias's page.</summary>
/// <param name="Content">The file, open for reading.</param>
/// <param name="Type">image/png, image/jpeg or image/webp.</param>
internal sealed record AliasCover(FileStream Content, string Type);

/// <summary>
/// The covers of aliases: a file for each in the data directory, named after the alias and its owner, so that the next owner
/// of a name does not get the picture of the last one.
/// </summary>
internal sealed class AliasCovers(SqliteStore store, WebOptions options) : IHostedService
{
    /// <summary>Bytes of one picture.</summary>
    public const int MaxBytes = 1024 * 1024;

    /// <summary>The types of pictures.</summary>
    public static readonly IReadOnlyList<string> Types = ["image/png", "image/jpeg", "image/webp"];

    private const int LongestHead = 12;

    private string Home => Path.Combine(options.DataDirectory, "covers");

    /// <summary>Removes the covers of aliases that are gone.</summary>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        if (!Directory.Exists(Home))
        {
            return;
        }

        var kept = (await store.ReadAsync(db => db.Aliases.Select(row => new { row.Name, row.OwnerId }).ToListAsync(cancellationToken)))
            .Select(row => PathOf(row.Name, row.OwnerId)).ToHashSet(StringComparer.Ordinal);
        foreach (var file in Directory.GetFiles(Home).Where(file => !kept.Contains(file)))
        {
            File.Delete(file);
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Sets the cover of a person's alias. Codes: LinkNotFound, Invalid (no picture that is known), TooLarge.</summary>
    public async Task SetAsync(PersonId owner, string name, IAsyncEnumerable<ReadOnlyMemory<byte>> content, CancellationToken cancellationToken)
    {
        await RequireAsync(owner, name);
        using var picture = new MemoryStream();
        await foreach (var piece in content.WithCancellation(cancellationToken))
        {
            picture.Write(piece.Span);
        }

        if (TypeOf(picture.GetBuffer().AsSpan(0, (int)Math.Min(picture.Length, LongestHead))) is null)
        {
            throw new SandboxException(ErrorCode.Invalid, "The cover is a PNG, JPEG or WebP picture.");
        }

        Directory.CreateDirectory(Home);
        var path = PathOf(name, owner.Value);
        var part = $"{path}.{Guid.NewGuid():n}.part";
        try
        {
            await File.WriteAllBytesAsync(part, picture.ToArray(), cancellationToken);
            File.Move(part, path, overwrite: true);
        }
        finally
        {
            File.Delete(part);
        }
    }

    /// <summary>Removes the cover of a person's alias; there may be none. Code: LinkNotFound.</summary>
    public async Task RemoveAsync(PersonId owner, string name)
    {
        await RequireAsync(owner, name);
        if (Directory.Exists(Home))
        {
            File.Delete(PathOf(name, owner.Value));
        }
    }

    /// <summary>When the cover of an alias was set; null when it has none.</summary>
    public DateTimeOffset? SetAt(AliasRow alias) =>
        new FileInfo(PathOf(alias.Name, alias.OwnerId)) is { Exists: true } file ? new DateTimeOffset(file.LastWriteTimeUtc) : null;

    /// <summary>The address of an alias's cover on this site, which changes with the picture; null when it has none.</summary>
    public string? AddressOf(AliasRow alias) =>
        SetAt(alias) is { } at ? $"/x/{alias.Name}/cover?v={at.ToUnixTimeSeconds()}" : null;

    /// <summary>The cover of an alias; null when it has none.</summary>
    public AliasCover? Open(AliasRow alias)
    {
        try
        {
            var file = new FileStream(PathOf(alias.Name, alias.OwnerId), FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete);
            Span<byte> head = stackalloc byte[LongestHead];
            var length = file.ReadAtLeast(head, LongestHead, throwOnEndOfStream: false);
            file.Position = 0;
            return new AliasCover(file, TypeOf(head[..length])!);
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <summary>The type of a picture by its first bytes: SVG is none of them, because it can hold scripts.</summary>
    private static string? TypeOf(ReadOnlySpan<byte> head) =>
        head.StartsWith((ReadOnlySpan<byte>)[0x89, (byte)'P', (byte)'N', (byte)'G', 13, 10, 26, 10]) ? "image/png"
        : head.StartsWith((ReadOnlySpan<byte>)[0xff, 0xd8, 0xff]) ? "image/jpeg"
        : head.Length >= LongestHead && head.StartsWith("RIFF"u8) && head[8..].StartsWith("WEBP"u8) ? "image/webp"
        : null;

    private async Task RequireAsync(PersonId owner, string name)
    {
        if (!await store.ReadAsync(db => db.Aliases.AnyAsync(row => row.Name == name && row.OwnerId == owner.Value)))
        {
            throw new SandboxException(ErrorCode.LinkNotFound, "You have no such name.");
        }
    }

    private string PathOf(string name, string owner) => Path.Combine(Home, $"{name}.{owner}");
}
