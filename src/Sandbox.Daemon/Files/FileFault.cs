using Sandbox.Core.Errors;
using Sandbox.Core.Files;
using Sandbox.Daemon.Linux;

namespace Sandbox.Daemon.Files;

/// <summary>Translates a failed system call on a sandbox's file into an error for the person.</summary>
internal static class FileFault
{
    public static SandboxException Of(PosixException cause, SandboxPath path)
    {
        var (code, message) = cause.Errno switch
        {
            Errno.NoEntry => (ErrorCode.NotFound, $"There is no {path}."),
            Errno.NotDirectory => (ErrorCode.NotFound, $"There is no {path}: something on the way is not a directory."),
            Errno.IsDirectory or Errno.NotEmpty or Errno.Exists => (ErrorCode.Invalid, $"{path} is a directory."),
            Errno.Loop => (ErrorCode.Invalid, $"{path} goes through too many symbolic links."),
            Errno.NameTooLong => (ErrorCode.Invalid, $"{path} is longer than a path can be."),
            Errno.CrossesDevice => (ErrorCode.Invalid, $"{path} is not on the sandbox's own disk, or its directory is being moved."),
            Errno.NoSpace or Errno.Quota => (ErrorCode.DiskFull, "The sandbox's disk is full. Delete some files in it and try again."),
            Errno.FileTooBig => (ErrorCode.TooLarge, $"{path} would be larger than the sandbox's disk can hold."),
            Errno.ReadOnly => (ErrorCode.Conflict, "The sandbox's disk cannot be written to at the moment."),
            Errno.TryAgain => (ErrorCode.Conflict, $"The directories of {path} are being moved all the time. Try again."),
            Errno.Invalid => (ErrorCode.Invalid, $"{path} is not a regular file."),
            _ => (ErrorCode.Internal, $"The file system failed at {path}."),
        };
        return new SandboxException(code, message, cause);
    }
}
