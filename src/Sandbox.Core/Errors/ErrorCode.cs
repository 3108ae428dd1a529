namespace Sandbox.Core.Errors;

/// <summary>
/// What went wrong, for a program. Over HTTP it is the <c>code</c> of an RFC 9457 problem in snake_case
/// (<c>ImageNotFound</c> is <c>image_not_found</c>); the status beside each is what HTTP answers.
/// </summary>
public enum ErrorCode
{
    /// <summary>A bug of ours, or a fault nobody foresaw. 500.</summary>
    Internal = 0,

    /// <summary>The request is malformed; the message names every mistake. 400.</summary>
    Invalid,

    /// <summary>No such thing, or it belongs to somebody else. 404.</summary>
    NotFound,

    /// <summary>The catalog, or the image store, has no such image. 404.</summary>
    ImageNotFound,

    /// <summary>No such link, or it is private to somebody else. 404.</summary>
    LinkNotFound,

    /// <summary>The link is over, or not open at this hour. 403.</summary>
    LinkClosed,

    /// <summary>The link asks for a password, or for another one. 403.</summary>
    LinkPassword,

    /// <summary>An operator suspended the caller; the message says why, and whom to ask. 403.</summary>
    Suspended,

    /// <summary>The thing is in a state that does not allow this (pausing what is stopped). 409.</summary>
    Conflict,

    /// <summary>The image is still used by a sandbox. 409.</summary>
    ImageInUse,

    /// <summary>The isolation class that is required is not on this host, or the image cannot run in it. 409.</summary>
    IsolationUnavailable,

    /// <summary>The body is larger than allowed. 413.</summary>
    TooLarge,

    /// <summary>The image's content is broken or hostile: a wrong digest, a layer that climbs out. 422.</summary>
    ImageInvalid,

    /// <summary>The image or the sandbox has no such command. 422.</summary>
    CommandNotFound,

    /// <summary>The command is there and may not be executed: it lacks the x permission, or is a directory. 422.</summary>
    CommandNotExecutable,

    /// <summary>The command is there and is no program for this machine. 422.</summary>
    CommandFormat,

    /// <summary>A setup command of the recipe failed. 422.</summary>
    SetupFailed,

    /// <summary>An instruction of a Dockerfile failed. 422.</summary>
    BuildFailed,

    /// <summary>The person's plan grants no more. 429.</summary>
    Quota,

    /// <summary>Too many requests from one address. 429.</summary>
    Rate,

    /// <summary>The host is full. 429.</summary>
    Capacity,

    /// <summary>A registry could not be reached or refused. 502.</summary>
    RegistryUnreachable,

    /// <summary>A git host could not be reached, hung, or sent something that is no repository. 502.</summary>
    RepositoryUnreachable,

    /// <summary>The daemon cannot be reached. 503.</summary>
    RuntimeUnavailable,

    /// <summary>It took longer than allowed. 504.</summary>
    Timeout,

    /// <summary>The disk of the sandbox, or of the host, is full. 507.</summary>
    DiskFull,
}
