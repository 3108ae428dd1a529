namespace Sandbox.Core.Images;

/// <summary>Who pulls images from a registry of the host.</summary>
public enum ImageAudience
{
    /// <summary>Every sandbox, without signing in.</summary>
    Everyone,

    /// <summary>Only the web process, which passes on to each person what is theirs.</summary>
    Owners,
}
