namespace Sandbox.Rpc;

/// <summary>The bounds of the wire; both ends set them.</summary>
public static class RpcLimits
{
    /// <summary>Bytes of one message. The largest that is meant is an exec's reply: twice 1 MiB and a little.</summary>
    public const int MaxMessageBytes = 4 * 1024 * 1024;

    /// <summary>Bytes of content in one message of a stream.</summary>
    internal const int ChunkBytes = 64 * 1024;

    /// <summary>Directory entries in one message: names of 255 bytes stay far below a message's bound.</summary>
    internal const int EntriesPerMessage = 1024;

    /// <summary>How long the service reads on after it told an asker that it takes no more.</summary>
    internal static readonly TimeSpan LastWords = TimeSpan.FromSeconds(5);
}
