using System.Net.WebSockets;

namespace Sandbox.Web.Tunnels;

/// <summary>Why a tunnel ended.</summary>
internal enum TunnelEnd
{
    /// <summary>Both sides have sent all.</summary>
    Done,

    /// <summary>The client left, or cannot be reached.</summary>
    Left,

    /// <summary>The client sent a message of text.</summary>
    NotBinary,

    /// <summary>The program broke the connection off.</summary>
    Reset,

    /// <summary>Nothing moved for too long.</summary>
    Idle,

    /// <summary>The playground has ended, or belongs to somebody else.</summary>
    PlaygroundEnded,
}

/// <summary>The reasons as a Close carries them. Statuses from 4000 up are for applications (RFC 6455, 7.4.2).</summary>
internal static class TunnelEnds
{
    public static WebSocketCloseStatus Status(this TunnelEnd end) => end switch
    {
        TunnelEnd.NotBinary => WebSocketCloseStatus.InvalidMessageType,
        TunnelEnd.Reset => (WebSocketCloseStatus)4001,
        TunnelEnd.Idle => (WebSocketCloseStatus)4002,
        TunnelEnd.PlaygroundEnded => (WebSocketCloseStatus)4003,
        _ => WebSocketCloseStatus.NormalClosure,
    };

    public static string? Words(this TunnelEnd end) => end switch
    {
        TunnelEnd.NotBinary => "Send binary messages.",
        TunnelEnd.Reset => "The program in the sandbox broke the connection off.",
        TunnelEnd.Idle => "Nothing was sent for two hours.",
        TunnelEnd.PlaygroundEnded => "The playground has ended.",
        _ => null,
    };
}
