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
        Assert.Equal(spec.Id, Assert.Single(await OpenedAsync(sandbox.Id)).Id);
    }

    [Fact]
    public async Task The_terminal_of_the_images_own_command_starts_with_the_sandbox_and_goes_to_the_first_who_asks()
    {
        var sandbox = await CreateAsync();
        var own = Assert.Single(await Runtime.Terminals.ListAsync(sandbox.Id, Cancellation));
        Assert.True(own.IsOwn);

        var first = await Runtime.Terminals.OpenAsync(sandbox.Id, Terminal() with { MayBeOwn = true }, Cancellation);
        var second = await Runtime.Terminals.OpenAsync(sandbox.Id, Terminal() with { MayBeOwn = true }, Cancellation);

        Assert.Equal(own.Id, first.Id);
        Assert.NotEqual(own.Id, second.Id);
        Assert.Equal(own.Command, second.Command);
        Assert.Equal([own.Id, second.Id], (await Runtime.Terminals.ListAsync(sandbox.Id, Cancellation)).Select(terminal => terminal.Id));
    }

    [Fact]
    public async Task A_sandbox_that_starts_again_has_a_new_terminal_of_its_own_command()
    {
        var sandbox = await CreateAsync();
        var before = Assert.Single(await Runtime.Terminals.ListAsync(sandbox.Id, Cancellation));
        await Runtime.Sandboxes.StopAsync(sandbox.Id, TimeSpan.Zero, Cancellation);

        await Runtime.Sandboxes.StartAsync(sandbox.Id, Cancellation);

        var after = Assert.Single(await Runtime.Terminals.ListAsync(sandbox.Id, Cancellation));
        Assert.True(after.IsOwn);
        Assert.NotEqual(before.Id, after.Id);
        Assert.Equal(before.Command, after.Command);
    }

    [Fact]
    public async Task Terminals_are_listed_oldest_first_and_go_with_a_stop()
    {
        var sandbox = await CreateAsync();
        Assert.Empty(await OpenedAsync(sandbox.Id));
        var first = await Runtime.Terminals.OpenAsync(sandbox.Id, Terminal(), Cancellation);
        var second = await Runtime.Terminals.OpenAsync(sandbox.Id, Terminal() with { Command = ["cat"] }, Cancellation);

        var listed = await OpenedAsync(sandbox.Id);

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

        Assert.Empty(await OpenedAsync(sandbox.Id));
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

        Assert.Equal(16, (await OpenedAsync(sandbox.Id)).Count);
    }

    [Fact]
    public async Task A_detached_command_is_listed_until_the_sandbox_stops_and_is_killed_when_asked()
    {
        var sandbox = await CreateAsync();
        var spec = Terminal() with { Command = ["cat"], IsDetached = true };
        await Runtime.Terminals.OpenAsync(sandbox.Id, spec, Cancellation);
        var started = Assert.Single(await Runtime.Terminals.ListDetachedAsync(sandbox.Id, Cancellation));
        Assert.Equal((spec.Id, null, null), (started.Id, started.EndedAt, started.ExitCode));
        Assert.Equal(["cat"], started.Command);

        await Runtime.Terminals.KillDetachedAsync(sandbox.Id, spec.Id, Cancellation);

        await EventuallyAsync(async () => Assert.Single(await Runtime.Terminals.ListDetachedAsync(sandbox.Id, Cancellation)) is { EndedAt: not null, ExitCode: 137 });
        await Runtime.Terminals.KillDetachedAsync(sandbox.Id, spec.Id, Cancellation);
        await FailsAsync(ErrorCode.NotFound, () => Runtime.Terminals.KillDetachedAsync(sandbox.Id, TerminalId.New(), Cancellation));
        await Runtime.Sandboxes.StopAsync(sandbox.Id, TimeSpan.Zero, Cancellation);
        Assert.Empty(await Runtime.Terminals.ListDetachedAsync(sandbox.Id, Cancellation));
    }

    /// <summary>The terminals that were opened after the sandbox was made.</summary>
    private async Task<IReadOnlyList<TerminalInfo>> OpenedAsync(SandboxId sandbox) =>
        [.. (await Runtime.Terminals.ListAsync(sandbox, Cancellation)).Where(terminal => !terminal.IsOwn)];
}
