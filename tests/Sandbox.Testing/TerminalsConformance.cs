using Sandbox.Core.Errors;
using Sandbox.Core.Runtime;
using Sandbox.Core.Sandboxes;
using Sandbox.Core.Terminals;
using Xunit;

namespace Sandbox.Testing;

/// <summary>The suite of <see cref="ITerminals"/>.</summary>
public abstract class TerminalsConformance(RuntimeUnderTest under) : RuntimeConformance(under)
{
    [Fact]
    public async Task Opening_twice_with_one_id_gives_one_terminal()
    {
        var sandbox = await CreateAsync();
        var spec = Terminal();

        var first = await Runtime.Terminals.OpenAsync(sandbox.Id, spec, Cancellation);
        var second = await Runtime.Terminals.OpenAsync(sandbox.Id, spec, Cancellation);

        Assert.Equal(spec.Id, first.Id);
        Assert.NotEmpty(first.Command);
        Assert.Equal(first.CreatedAt, second.CreatedAt);
        Assert.Equal(first.Command, second.Command);
        Assert.Equal(spec.Id, Assert.Single(await Runtime.Terminals.ListAsync(sandbox.Id, Cancellation)).Id);
    }

    [Fact]
    public async Task Terminals_are_listed_oldest_first_and_go_with_a_stop()
    {
        var sandbox = await CreateAsync();
        Assert.Empty(await Runtime.Terminals.ListAsync(sandbox.Id, Cancellation));
        var first = await Runtime.Terminals.OpenAsync(sandbox.Id, Terminal(), Cancellation);
        var second = await Runtime.Terminals.OpenAsync(sandbox.Id, Terminal() with { Command = ["cat"] }, Cancellation);

        var listed = await Runtime.Terminals.ListAsync(sandbox.Id, Cancellation);

        Assert.Equal([first.Id, second.Id], listed.Select(terminal => terminal.Id));
        Assert.Equal(["cat"], listed[1].Command);
        await Runtime.Sandboxes.StopAsync(sandbox.Id, TimeSpan.Zero, Cancellation);
        await EventuallyAsync(async () => (await Runtime.Terminals.ListAsync(sandbox.Id, Cancellation)).Count == 0);
    }

    [Fact]
    public async Task A_terminal_for_a_command_that_does_not_exist_is_CommandNotFound_and_is_not_opened()
    {
        var sandbox = await CreateAsync();

        await FailsAsync(ErrorCode.CommandNotFound, () => Runtime.Terminals.OpenAsync(sandbox.Id, Terminal() with { Command = ["no-such-program"] }, Cancellation));

        Assert.Empty(await Runtime.Terminals.ListAsync(sandbox.Id, Cancellation));
    }

    [Fact]
    public async Task A_terminal_can_be_connected_to_until_it_ends()
    {
        var sandbox = await CreateAsync();
        var spec = Terminal() with { Command = ["cat"] };
        await Runtime.Terminals.OpenAsync(sandbox.Id, spec, Cancellation);

        await using (var first = await Runtime.Terminals.ConnectAsync(sandbox.Id, spec.Id, Cancellation))
        await using (var second = await Runtime.Terminals.ConnectAsync(sandbox.Id, spec.Id, Cancellation))
        {
            Assert.True(first.CanRead && first.CanWrite);
            Assert.True(second.CanRead && second.CanWrite);
        }

        await FailsAsync(ErrorCode.NotFound, () => Runtime.Terminals.ConnectAsync(sandbox.Id, TerminalId.New(), Cancellation));
        await FailsAsync(ErrorCode.NotFound, () => Runtime.Terminals.ConnectAsync(SandboxId.New(), spec.Id, Cancellation));
        await Runtime.Sandboxes.StopAsync(sandbox.Id, TimeSpan.Zero, Cancellation);
        await FailsAsync(ErrorCode.NotFound, () => Runtime.Terminals.ConnectAsync(sandbox.Id, spec.Id, Cancellation));
    }

    [Fact]
    public async Task The_seventeenth_terminal_is_Quota()
    {
        var sandbox = await CreateAsync(Spec() with { Limits = Limits with { Pids = 512 } });
        for (var count = 0; count < 16; count++)
        {
            await Runtime.Terminals.OpenAsync(sandbox.Id, Terminal() with { Command = ["cat"] }, Cancellation);
        }

        await FailsAsync(ErrorCode.Quota, () => Runtime.Terminals.OpenAsync(sandbox.Id, Terminal(), Cancellation));

        Assert.Equal(16, (await Runtime.Terminals.ListAsync(sandbox.Id, Cancellation)).Count);
    }
}
