using System.Runtime.InteropServices;

namespace Sandbox.Daemon.Linux;

/// <summary>A failed system call. A caller that knows the request translates it into a message for people.</summary>
internal sealed class PosixException : IOException
{
    public PosixException(string call, int errno)
        : base($"{call}: {Marshal.GetPInvokeErrorMessage(errno)}", errno) => Errno = errno;

    /// <summary>One of <see cref="Linux.Errno"/>, or another of the kernel's.</summary>
    public int Errno { get; }

    /// <summary>Returns the result, or throws the errno of the last call.</summary>
    public static long Check(long result, string call) => result >= 0 ? result : throw new PosixException(call, Marshal.GetLastPInvokeError());
}

/// <summary>Error numbers that this program distinguishes. https://man7.org/linux/man-pages/man3/errno.3.html</summary>
internal static class Errno
{
    public const int NoEntry = 2;
    public const int TryAgain = 11;
    public const int Exists = 17;
    public const int CrossesDevice = 18;
    public const int NotDirectory = 20;
    public const int IsDirectory = 21;
    public const int Invalid = 22;
    public const int FileTooBig = 27;
    public const int NoSpace = 28;
    public const int ReadOnly = 30;
    public const int NameTooLong = 36;
    public const int NotEmpty = 39;
    public const int Loop = 40;
    public const int NotSupported = 95;
    public const int Quota = 122;
}
