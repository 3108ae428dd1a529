using System.Text.Json.Nodes;

namespace Sandbox.Web.Links;

/// <summary>How often a link may be started, and when. What is null is not limited by the link.</summary>
/// <param name="AtOnce">Its playgrounds at the same time; further visitors wait in a queue. 1 to 10000.</param>
/// <param name="PerDay">Starts in 24 hours. 1 to 100000.</param>
/// <param name="From">From this time of the day, UTC, <c>08:00</c>; together with <paramref name="Until"/>.</param>
/// <param name="Until">Until this time of the day; earlier than <paramref name="From"/>: the hours pass midnight.</param>
/// <param name="ExpiresAt">Nobody but its owner starts it afterwards.</param>
/// <param name="Offline">Its sandboxes have no network.</param>
/// <param name="HasPassword">Whether a visitor needs a password.</param>
/// <param name="Origins">The pages elsewhere that may show it in a frame, scheme://host[:port]; null leaves it to the operator, who allows any page if nothing else is configured.</param>
public sealed record LinkBudgetView(int? AtOnce, int? PerDay, string? From, string? Until, DateTimeOffset? ExpiresAt, bool Offline, bool HasPassword, IReadOnlyList<string>? Origins);

/// <summary>How a link was used in the last 30 days.</summary>
/// <param name="Starts">Starts by anybody.</param>
/// <param name="StartsToday">Starts in the last 24 hours.</param>
/// <param name="Running">Playgrounds of it now.</param>
/// <param name="Waiting">Visitors in its queue now.</param>
/// <param name="MedianPromptMs">From the click to the first prompt; null before the first.</param>
/// <param name="Ends">How its playgrounds ended: a reason and how often.</param>
public sealed record LinkStatisticsView(int Starts, int StartsToday, int Running, int Waiting, int? MedianPromptMs, IReadOnlyDictionary<string, int> Ends);

/// <summary>One image of a lock.</summary>
/// <param name="Node">The node's name.</param>
/// <param name="Name">The image's name in the catalog, or that of the image that it was made from.</param>
/// <param name="Digest">The image.</param>
public sealed record LinkImageView(string Node, string Name, string Digest);

/// <summary>Whether this server runs exactly what the author ran.</summary>
/// <param name="Identical">Same images, processor, kernel and isolation.</param>
/// <param name="Startable">Whether it can be started at all.</param>
/// <param name="Differences">A sentence for each difference.</param>
public sealed record LinkComparisonView(bool Identical, bool Startable, IReadOnlyList<string> Differences);

/// <summary>A name of a link.</summary>
/// <param name="Name">The name.</param>
/// <param name="Url">Its page.</param>
/// <param name="Hash">The lock that it leads to.</param>
/// <param name="Text">Markdown of its page.</param>
/// <param name="Cover">The picture of its page; null for none.</param>
/// <param name="MovedAt">Since when it leads there.</param>
/// <param name="History">Every lock that it led to.</param>
public sealed record AliasView(string Name, string Url, string Hash, string Text, string? Cover, DateTimeOffset MovedAt, IReadOnlyList<AliasMoveView> History);

/// <summary>The lock that an alias led to from a time on.</summary>
public sealed record AliasMoveView(DateTimeOffset At, string Hash);

/// <summary>A link, as REST and the pages show it.</summary>
/// <param name="Hash">The SHA-256 of the lock's canonical bytes, 64 hex digits.</param>
/// <param name="Url">Its address.</param>
/// <param name="Title">For people.</param>
/// <param name="Lock">The recipe with every image as a digest; left out of lists.</param>
/// <param name="Images">Its images.</param>
/// <param name="Comparison">How what starts here differs from what the author ran.</param>
/// <param name="NeedsConsent">Whether it runs commands, writes files or takes parameters, so that a page asks first.</param>
/// <param name="Author">Who made it: you, operator or guest.</param>
/// <param name="CreatedAt">When.</param>
/// <param name="Budget">How often it may be started.</param>
/// <param name="Own">Data for its owner; null for others.</param>
public sealed record LinkView(
    string Hash,
    string Url,
    string Title,
    JsonNode? Lock,
    IReadOnlyList<LinkImageView> Images,
    LinkComparisonView Comparison,
    bool NeedsConsent,
    string Author,
    DateTimeOffset CreatedAt,
    LinkBudgetView Budget,
    OwnLinkView? Own);

/// <summary>The part of a link that only its owner sees.</summary>
/// <param name="Access">private or anyone.</param>
/// <param name="Automatic">Whether the end of a playground saved it.</param>
/// <param name="Bytes">Layers that only this link of yours needs: what deleting it frees.</param>
/// <param name="LastOpenedAt">When it was started last, else made.</param>
/// <param name="Aliases">Its names.</param>
/// <param name="Statistics">How it was used.</param>
public sealed record OwnLinkView(string Access, bool Automatic, long Bytes, DateTimeOffset LastOpenedAt, IReadOnlyList<AliasView> Aliases, LinkStatisticsView Statistics);

/// <summary>A person's links and how much of their storage these take.</summary>
public sealed record LinkListView(long StorageBytes, long UsedBytes, IReadOnlyList<LinkView> Links);
