using System.Text.Json.Serialization;
using MessagePack;
using Sandbox.Terminals.Marks;

namespace Sandbox.Web.Hub;

/// <summary>One command of a terminal's shell.</summary>
/// <param name="Command">The line that was entered, or its first 1024 bytes; absent when the shell does not tell.</param>
/// <param name="Truncated">Whether that is only its beginning.</param>
/// <param name="Cwd">The shell's directory when it began; absent when longer than 1024 bytes.</param>
/// <param name="ExitCode">How it ended; absent while it runs, and when the shell lost track of it.</param>
/// <param name="StartedAt">When it began.</param>
/// <param name="EndedAt">When it was over; absent while it runs.</param>
internal sealed record CommandView(
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Command,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] bool Truncated,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Cwd,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] int? ExitCode,
    DateTimeOffset StartedAt,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] DateTimeOffset? EndedAt)
{
    public static CommandView? From(ShellCommand? command) => command is null ? null : new CommandView(
        command.Line,
        command.IsCut,
        command.Cwd,
        command.ExitCode,
        DateTimeOffset.FromUnixTimeMilliseconds(command.StartedAt),
        command.EndedAt == 0 ? null : DateTimeOffset.FromUnixTimeMilliseconds(command.EndedAt));
}

/// <summary>What the shell of a terminal says of itself, and what its marks in the output hold.</summary>
/// <param name="Nonce">Marks without it are somebody else's.</param>
/// <param name="Integration">What it tells, see <see cref="Word"/>; absent for nothing yet.</param>
/// <param name="Cwd">The shell's directory.</param>
/// <param name="Running">The command that runs.</param>
/// <param name="LastCommand">The command that was over last.</param>
internal sealed record ShellView(
    string Nonce,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Integration,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Cwd,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] CommandView? Running,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] CommandView? LastCommand)
{
    public static ShellView From(TtyState state) =>
        new(state.Nonce, Word(state.Integration), state.Cwd, CommandView.From(state.Running), CommandView.From(state.Last));

    /// <summary><c>commands</c>: each one when it begins and when it is over; <c>prompts</c>: only when it is over.</summary>
    public static string? Word(ShellIntegration integration) => integration switch
    {
        ShellIntegration.Commands => "commands",
        ShellIntegration.Prompts => "prompts",
        _ => null,
    };

    /// <summary>As JSON has it.</summary>
    public static void Write(ref MessagePackWriter writer, ShellView shell)
    {
        writer.WriteMapHeader(1 + Count(shell.Integration, shell.Cwd, shell.Running, shell.LastCommand));
        writer.WriteString("nonce"u8);
        writer.Write(shell.Nonce);
        WriteText(ref writer, "integration"u8, shell.Integration);
        WriteText(ref writer, "cwd"u8, shell.Cwd);
        WriteCommand(ref writer, "running"u8, shell.Running);
        WriteCommand(ref writer, "lastCommand"u8, shell.LastCommand);
    }

    private static void WriteCommand(ref MessagePackWriter writer, ReadOnlySpan<byte> name, CommandView? command)
    {
        if (command is null)
        {
            return;
        }

        writer.WriteString(name);
        writer.WriteMapHeader(1 + Count(command.Command, command.Truncated ? "" : null, command.Cwd, command.ExitCode, command.EndedAt));
        WriteText(ref writer, "command"u8, command.Command);
        if (command.Truncated)
        {
            writer.WriteString("truncated"u8);
            writer.Write(true);
        }

        WriteText(ref writer, "cwd"u8, command.Cwd);
        if (command.ExitCode is { } code)
        {
            writer.WriteString("exitCode"u8);
            writer.Write(code);
        }

        writer.WriteString("startedAt"u8);
        writer.Write(command.StartedAt.UtcDateTime);
        if (command.EndedAt is { } ended)
        {
            writer.WriteString("endedAt"u8);
            writer.Write(ended.UtcDateTime);
        }
    }

    private static void WriteText(ref MessagePackWriter writer, ReadOnlySpan<byte> name, string? text)
    {
        if (text is not null)
        {
            writer.WriteString(name);
            writer.Write(text);
        }
    }

    private static int Count(params ReadOnlySpan<object?> values)
    {
        var count = 0;
        foreach (var value in values)
        {
            count += value is null ? 0 : 1;
        }

        return count;
    }
}
