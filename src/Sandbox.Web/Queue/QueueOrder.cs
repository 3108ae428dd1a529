namespace Sandbox.Web.Queue;

/// <summary>Whether there is room for a launch now.</summary>
internal enum RoomState
{
    Free,

    /// <summary>All sandboxes together have what the host gives.</summary>
    HostFull,

    /// <summary>The guests of its address have their share.</summary>
    AddressFull,

    /// <summary>It asks for more than the host gives to all sandboxes together.</summary>
    TooLarge,
}

/// <summary>A launch that waits for room.</summary>
/// <param name="Playground">Its id.</param>
/// <param name="Owner">Who waits.</param>
/// <param name="Memory">What it will be granted.</param>
/// <param name="JoinedAt">Since when.</param>
internal sealed record Waiter(string Playground, string Owner, long Memory, DateTimeOffset JoinedAt);

/// <summary>What one look at the queue came to.</summary>
/// <param name="Rooms">What each of those still waiting lacks, in their order.</param>
/// <param name="Entered">Those that got room.</param>
/// <param name="HoldsBack">Whether a launch that waited long keeps those behind it from passing.</param>
internal sealed record QueueRound(IReadOnlyList<(Waiter Waiter, RoomState Room)> Rooms, IReadOnlyList<Waiter> Entered, bool HoldsBack);

/// <summary>
/// Decides which waiting launches start: first come, first served among those that fit. The first that does not fit is passed by
/// smaller ones for two minutes. Then it holds them back while room comes together for it, and lets them pass again for two minutes, by turns:
/// each time it holds twice as long, so that it gets in at last, and none of its turns is for ever. All others that do not fit hold back
/// nobody, or they would fill the minutes in which it lets others pass. All places of a person have one clock, since the last was taken.
/// </summary>
internal static class QueueOrder
{
    private static readonly TimeSpan Passing = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan FirstHold = TimeSpan.FromMinutes(10);

    /// <summary>Looks at everybody in order.</summary>
    /// <param name="waiting">In the order in which they came.</param>
    /// <param name="now">The time.</param>
    /// <param name="ask">Whether there is room for one, after all that entered before.</param>
    /// <param name="enter">Takes the room.</param>
    public static async Task<QueueRound> EnterAsync(IReadOnlyList<Waiter> waiting, DateTimeOffset now, Func<Waiter, Task<RoomState>> ask, Func<Waiter, Task> enter)
    {
        var rooms = new List<(Waiter Waiter, RoomState Room)>();
        var entered = new List<Waiter>();
        var least = long.MaxValue; // the host has not that much room: those who enter take more of it
        var clocks = waiting.GroupBy(waiter => waiter.Owner, StringComparer.Ordinal).ToDictionary(own => own.Key, own => own.Max(waiter => waiter.JoinedAt), StringComparer.Ordinal);
        var (isFirst, holdsBack) = (true, false);
        foreach (var waiter in waiting)
        {
            var room = holdsBack || waiter.Memory >= least ? RoomState.HostFull : await ask(waiter);
            if (room == RoomState.Free)
            {
                await enter(waiter);
                entered.Add(waiter);
                continue;
            }

            if (room == RoomState.HostFull)
            {
                least = Math.Min(least, waiter.Memory);
                holdsBack |= isFirst && Holds(now - clocks[waiter.Owner]);
                isFirst = false;
            }

            rooms.Add((waiter, room));
        }

        return new QueueRound(rooms, entered, holdsBack);
    }

    /// <summary>Whether one that has waited so long holds back those behind it.</summary>
    internal static bool Holds(TimeSpan waited)
    {
        for (var hold = FirstHold; waited >= Passing; hold *= 2)
        {
            waited -= Passing;
            if (waited < hold)
            {
                return true;
            }

            waited -= hold;
        }

        return false;
    }
}
