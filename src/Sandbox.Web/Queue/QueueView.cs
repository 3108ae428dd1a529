using System.Globalization;

namespace Sandbox.Web.Queue;

/// <summary>A place in a queue, as REST and the pages show it. It is given up when nobody asks about it for a while.</summary>
/// <param name="For">room: of the host. link: the link's author limits how many run at once.</param>
/// <param name="Place">1 is next.</param>
/// <param name="Waiting">How many wait in this queue.</param>
/// <param name="EstimateSeconds">About how long it takes, in steps of 30; null when nothing says so.</param>
/// <param name="Since">When it joined the queue.</param>
public sealed record QueueView(string For, int Place, int Waiting, int? EstimateSeconds, DateTimeOffset Since)
{
    /// <summary>Whether only guests of the same network keep it waiting.</summary>
    internal bool IsOfAddress { get; init; }

    /// <summary>The same in words.</summary>
    internal string Words => this switch
    {
        { For: "link", Place: 1 } => "You are next. It starts when another playground of this link ends.",
        { IsOfAddress: true } => "Guests of your network already use their share of this server. It starts when one of their playgrounds ends.",
        { Place: 1 } => $"You are next. It starts by itself when there is room{Estimate}.",
        _ => $"{Ahead} before you. It starts by itself{Estimate}.",
    };

    private string Ahead => Place == 2 ? "1 visitor is" : string.Create(CultureInfo.InvariantCulture, $"{Place - 1} visitors are");

    private string Estimate => EstimateSeconds switch
    {
        null => "",
        <= 60 => ", in about a minute",
        > 3600 => ", in more than an hour",
        { } seconds => string.Create(CultureInfo.InvariantCulture, $", in about {(seconds + 59) / 60} minutes"),
    };
}
