namespace Sandbox.Core.Files;

/// <summary>What a caller wants of a file that is written.</summary>
public sealed record FileWish
{
    /// <summary>The most characters of <see cref="Owner"/>.</summary>
    public const int LongestOwner = 256;

    /// <summary>Permission bits; null keeps those of the file replaced, else 0644.</summary>
    public int? Mode { get; init; }

    /// <summary>
    /// <c>user</c>, <c>uid</c>, <c>user:group</c> or <c>uid:gid</c> of the sandbox; null keeps the owner of the file
    /// replaced, else it is the user that the recipe or the image runs as.
    /// </summary>
    public string? Owner { get; init; }
}
