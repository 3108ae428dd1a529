namespace Sandbox.Core.Files;

/// <summary>A file that is to arrive in parts.</summary>
public sealed record UploadSpec
{
    /// <summary>Uploads of one sandbox that are not complete.</summary>
    public const int MostPerSandbox = 32;

    /// <summary>How long an upload waits for its next part.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromHours(1);

    /// <summary>Chosen by the asker.</summary>
    public required UploadId Id { get; init; }

    /// <summary>Where the file appears once its last byte is there.</summary>
    public required SandboxPath Path { get; init; }

    /// <summary>Bytes of the whole file.</summary>
    public required long Length { get; init; }

    /// <summary>Permission bits; null keeps those of the file replaced, else 0644.</summary>
    public int? Mode { get; init; }

    /// <inheritdoc cref="FileWish.Owner"/>
    public string? Owner { get; init; }
}

/// <summary>How far an upload is.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Offset">Bytes that are there; the next part begins here.</param>
/// <param name="Length">Bytes of the whole file. Once all are there, so is the file.</param>
public sealed record UploadInfo(UploadId Id, long Offset, long Length);
