using System.Collections.Concurrent;
using Microsoft.EntityFrameworkCore;
using Sandbox.Core.Errors;
using Sandbox.Core.People;
using Sandbox.Core.Playgrounds;
using Sandbox.Web.Audit;
using Sandbox.Web.Hub;
using Sandbox.Web.Lifecycle;
using Sandbox.Web.People;
using Sandbox.Web.Playgrounds;
using Sandbox.Web.Recordings;
using Sandbox.Web.Store;

namespace Sandbox.Web.Embeds;

/// <summary>A playground that its owner offers to a person with the code.</summary>
/// <param name="Playground">The playground.</param>
/// <param name="Owner">Whose it is.</param>
/// <param name="Image">The catalog name of its image.</param>
/// <param name="ReturnTo">The page where it began, an address of http or https; null when there is none.</param>
/// <param name="ExpiresAt">Until then it can be taken.</param>
internal sealed record Handover(PlaygroundId Playground, PersonId Owner, string Image, string? ReturnTo, DateTimeOffset ExpiresAt);

/// <summary>
/// Running playgrounds on their way from a frame, whose person is a guest by token, to a tab of our own, whose person has a
/// cookie. The playground changes its owner; no cookie and no token does. A code that an attacker sends to a victim gives
/// the victim one more playground after a click, and takes it from the attacker: nobody becomes signed in as anybody.
/// Codes are in memory, because they live for minutes.
/// </summary>
internal sealed class Handovers(
    SqliteStore store,
    Admission admission,
    Presence presence,
    HubConnections connections,
    RunningRecordings recordings,
    IEnumerable<IWhenPlaygroundEnds> listeners,
    AuditLog audit,
    TimeProvider time)
{
    /// <summary>How long a code is good.</summary>
    public static readonly TimeSpan Life = TimeSpan.FromMinutes(2);

    private readonly ConcurrentDictionary<string, Handover> _offers = new(StringComparer.Ordinal);

    /// <summary>Offers a person's running playground. An earlier offer of it ends. Codes: NotFound, Conflict.</summary>
    public async Task<(string Code, Handover Offer)> OfferAsync(PersonId owner, PlaygroundId id, string? returnTo)
    {
        var row = await store.ReadAsync(db => db.Playgrounds.AsNoTracking().SingleOrDefaultAsync(row => row.Id == id.Value && row.OwnerId == owner.Value))
            ?? throw new SandboxException(ErrorCode.NotFound, "You have no such playground.");
        if (row.State != PlaygroundStage.Running)
        {
            throw new SandboxException(ErrorCode.Conflict, "Only a running playground can be opened elsewhere.");
        }

        var now = time.GetUtcNow();
        foreach (var (hash, other) in _offers)
        {
            if (other.Playground == id || other.ExpiresAt <= now)
            {
                _offers.TryRemove(hash, out _);
            }
        }

        var code = BearerTokens.New();
        var offer = new Handover(id, owner, row.Image, returnTo, now + Life);
        _offers[BearerTokens.Hash(code)] = offer;
        return (code, offer);
    }

    /// <summary>The offer of a code; null when it was used, is too old or never was.</summary>
    public Handover? Find(string? code) =>
        code is { Length: > 0 and <= 128 } && _offers.GetValueOrDefault(BearerTokens.Hash(code)) is { } offer && offer.ExpiresAt > time.GetUtcNow() ? offer : null;

    /// <summary>
    /// Makes a person the owner, once. Codes: NotFound (no such code), Conflict (it ended), Quota, after which the code is good
    /// until it expires.
    /// </summary>
    public async Task<Handover> TakeAsync(string code, PersonId person)
    {
        if (Find(code) is not { } offer || !_offers.TryRemove(new(BearerTokens.Hash(code), offer)))
        {
            throw new SandboxException(ErrorCode.NotFound, "This address was used before, or it is too old. Go back to the page and press the button again.");
        }

        if (offer.Owner == person)
        {
            return offer;
        }

        List<string> recorded;
        try
        {
            recorded = await store.WriteAsync(db => MoveAsync(db, offer, person));
        }
        catch (SandboxException fault) when (fault.Code == ErrorCode.Quota)
        {
            _offers.TryAdd(BearerTokens.Hash(code), offer);
            throw;
        }

        // Nothing of the first owner looks on: neither a page, nor a share, nor a recording.
        foreach (var listener in listeners)
        {
            listener.Ended(offer.Playground);
        }

        connections.Cut(offer.Owner);
        foreach (var recording in recorded)
        {
            await recordings.StopAsync(RecordingId.Parse(recording));
        }

        audit.Add(new AuditEvent(AuditKind.Handover, $"Gave a playground of {offer.Image} to {person.Value}.") { Person = offer.Owner, Playground = offer.Playground, Code = "given" });
        audit.Add(new AuditEvent(AuditKind.Handover, $"Took a playground of {offer.Image} from {offer.Owner.Value}.") { Person = person, Playground = offer.Playground, Code = "taken" });
        presence.Touch(offer.Playground);
        return offer;
    }

    private async Task<List<string>> MoveAsync(SandboxDb db, Handover offer, PersonId person)
    {
        var id = offer.Playground;
        if (await db.Playgrounds.AsNoTracking().Include(row => row.Sandboxes).SingleOrDefaultAsync(row => row.Id == id.Value) is { State: PlaygroundStage.Running } row)
        {
            await admission.AdmitAsync(db, person, row);
            if (await PlaygroundLife.HandOverAsync(db, id, offer.Owner, person))
            {
                return await db.Recordings.Where(recording => recording.PlaygroundId == id.Value && recording.OwnerId == offer.Owner.Value && recording.State == RecordingState.Recording)
                    .Select(recording => recording.Id).ToListAsync();
            }
        }

        throw new SandboxException(ErrorCode.Conflict, "This playground has ended.");
    }
}
