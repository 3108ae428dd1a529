namespace Sandbox.Terminals.Flow;

/// <summary>
/// The frames on the socket of <c>sandbox-tty</c>, an AF_UNIX stream. A frame is one byte of kind, four bytes of
/// payload length and the payload; numbers are little endian. Lengths are bounded per kind; a longer frame, an
/// unknown kind or a frame out of turn ends the connection.
/// <code>
/// 64 00000000010000000A000000…      'd', 18 bytes: offset 0 …
/// </code>
/// </summary>
/// <remarks>
/// One connection is one viewer. Asker to holder: Attach or Watch at most once, then Ack; Input, Resize, Close and Follow
/// at any time, also without either. Holder to asker: after Attach or Watch, Data in order, with a Screen in place of what
/// is no longer kept, and then Exit; Taken after input was written; after Follow, State.
/// </remarks>
public static class TtyFrame
{
    /// <summary>Bytes of kind and length before each payload.</summary>
    public const int HeaderLength = 5;

    /// <summary>The longest Input payload.</summary>
    public const int MaxInput = 16 * 1024;

    /// <summary>The longest Data payload, its offset included.</summary>
    public const int MaxData = 64 * 1024;

    /// <summary>The longest screen, with the size and without the offset before it.</summary>
    public const int MaxScreen = (int)(OutputWindow * TtyFlow.ScreenShare);

    /// <summary>Bytes of Input a connection may have outstanding: sent, and not yet reported as Taken.</summary>
    public const int InputWindow = 64 * 1024;

    /// <summary>Bytes of Data and Screen a connection may have outstanding: sent, and not yet acknowledged.</summary>
    public const int OutputWindow = 256 * 1024;

    /// <summary>Bytes a program runs ahead of a viewer that keeps acknowledging: its window, and a little so that it is never waited for.</summary>
    public const int OutputLead = OutputWindow + (128 * 1024);

    /// <summary>Milliseconds from one State of a connection to the next; only the last one before Exit may come earlier.</summary>
    public const int StateEvery = 100;

    /// <summary>Bytes of output the holder keeps.</summary>
    public const int RingLength = 2 * 1024 * 1024;

    /// <summary>To the holder: u64, how many bytes of output the viewer holds already.</summary>
    public const byte Attach = (byte)'a';

    /// <summary>To the holder: as Attach, by a viewer that the program never waits for.</summary>
    public const byte Watch = (byte)'w';

    /// <summary>To the holder: u64, how many bytes of output the viewer holds now.</summary>
    public const byte Ack = (byte)'k';

    /// <summary>To the holder: bytes typed.</summary>
    public const byte Input = (byte)'i';

    /// <summary>To the holder: u16 columns, u16 rows.</summary>
    public const byte Resize = (byte)'r';

    /// <summary>To the holder: empty. The terminal is hung up and the holder ends.</summary>
    public const byte Close = (byte)'c';

    /// <summary>From the holder: u64 offset of the first byte, then the bytes. </summary>
    public const byte Data = (byte)'d';

    /// <summary>
    /// From the holder, in place of output that is no longer kept: u64 offset, u16 columns, u16 rows, then bytes that make a
    /// terminal of that size show what it shows at that offset. Data goes on from there.
    /// </summary>
    public const byte Screen = (byte)'g';

    /// <summary>From the holder, after the last Data: i32 exit code, 128 and the signal when killed. Nothing follows.</summary>
    public const byte Exit = (byte)'x';

    /// <summary>From the holder: u64, how many bytes of this connection's Input reached the terminal since it connected.</summary>
    public const byte Taken = (byte)'t';

    /// <summary>To the holder: empty. From now on it tells the shell's state; first at once, before any Data.</summary>
    public const byte Follow = (byte)'f';

    /// <summary>
    /// From the holder, after Follow: a <c>TtyState</c>, the latest. What came between two is not told, and
    /// between two is <see cref="StateEvery"/>: nobody acknowledges them.
    /// </summary>
    public const byte State = (byte)'s';
}
