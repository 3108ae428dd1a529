namespace Sandbox.Init;

/// <summary>
/// Becomes another program, and says in words that are the same everywhere why it cannot. A shell that marks its commands reads
/// a nonce from descriptor 3, also from a runtime that passes on no descriptors: then it comes in a variable, which only this
/// program has.
/// </summary>
internal static unsafe class Become
{
    private const int Descriptor = 3;

    private static ReadOnlySpan<byte> Variable => "SANDBOX_NONCE="u8;

    /// <summary>Returns only if the command cannot be started: with an exit code.</summary>
    public static int Program(ReadOnlySpan<string> command)
    {
        var variables = Command.Variables();
        var kept = 0;
        var isShell = false;
        for (var i = 0; variables[i] is not null; i++)
        {
            var line = System.Runtime.InteropServices.MemoryMarshal.CreateReadOnlySpanFromNullTerminated(variables[i]);
            if (line.StartsWith(Variable))
            {
                Tell(line[Variable.Length..]);
                isShell = true;
            }
            else
            {
                variables[kept++] = variables[i];
            }
        }

        variables[kept] = null;
        _ = Native.Signal(Native.BrokenPipe, 0); // the runtime of this language ignores it
        var arguments = Command.Arguments(command);
        _ = Native.Execute(arguments[0], arguments, variables);
        var error = System.Runtime.InteropServices.Marshal.GetLastPInvokeError();
        if (!isShell)
        {
            Report.Say(2, $"ERROR (sandbox-init:{error}): failed to exec pid1: {Report.Reason(error)}\n"); // in the form of catatonit's
            return 1;
        }

        Report.Say(1, $"{command[0]}: {Report.Reason(error)}\r\n");
        return error == Native.NoSuchFile ? 127 : 126;
    }

    private static void Tell(ReadOnlySpan<byte> nonce)
    {
        var ends = stackalloc int[2];
        if (Native.Pipe(ends) < 0)
        {
            return; // the shell marks nothing then
        }

        byte[] line = [.. nonce, (byte)'\n'];
        fixed (byte* start = line)
        {
            _ = Native.Write(ends[1], start, (nuint)line.Length);
        }

        _ = Native.Close(ends[1]);
        if (ends[0] != Descriptor)
        {
            _ = Native.Duplicate(ends[0], Descriptor);
            _ = Native.Close(ends[0]);
        }
    }
}
