using Sandbox.Core.Files;

namespace Sandbox.Core.Snapshots;

/// <summary>What a snapshot of a sandbox would hold now. Lists end at <see cref="MaxListed"/>; counts do not.</summary>
public sealed record SnapshotContents
{
    /// <summary>The most entries of each list.</summary>
    public const int MaxListed = 1000;

    /// <summary>The most entries of <see cref="Skipped"/>.</summary>
    public const int MaxSkipped = 100;

    /// <summary>Files, directories and links that are new.</summary>
    public required long Added { get; init; }

    /// <summary>Those that the image has, with other content or attributes.</summary>
    public required long Changed { get; init; }

    /// <summary>Those of the image that are gone; a directory counts once.</summary>
    public required long Deleted { get; init; }

    /// <summary>Bytes of all new and changed files.</summary>
    public required long Bytes { get; init; }

    /// <summary>The changes, directory by directory; in each, names that are gone come first.</summary>
    public required IReadOnlyList<ChangedFile> Changes { get; init; }

    /// <summary>The recipe's variables, which the image would carry.</summary>
    public required IReadOnlyDictionary<string, string> Env { get; init; }

    /// <summary>What looks like a secret.</summary>
    public required IReadOnlyList<FoundSecret> Secrets { get; init; }

    /// <summary>Whether every new and changed file was searched for secrets to its end.</summary>
    public required bool IsSearchComplete { get; init; }

    /// <summary>Files that an image cannot hold, the first of them.</summary>
    public required IReadOnlyList<SkippedFile> Skipped { get; init; }
}

/// <summary>How a path differs from the image's.</summary>
public enum ChangeKind
{
    /// <summary>The image has no such path.</summary>
    Added,

    /// <summary>The image has it with another content, kind, mode, owner, time or attribute.</summary>
    Changed,

    /// <summary>It is gone.</summary>
    Deleted,
}

/// <summary>One path that differs from the image's.</summary>
/// <param name="Path">The path.</param>
/// <param name="Kind">How it differs.</param>
/// <param name="Size">Bytes of a file, else 0.</param>
public sealed record ChangedFile(SandboxPath Path, ChangeKind Kind, long Size);

/// <summary>A place that looks like a secret. What it says is never repeated.</summary>
/// <param name="Rule">The rule's name, see <see cref="SecretRules"/>: <c>github-token</c>.</param>
/// <param name="Path">The file.</param>
/// <param name="Line">The line, from 1; null when the path alone says it.</param>
public sealed record FoundSecret(string Rule, SandboxPath Path, int? Line);
