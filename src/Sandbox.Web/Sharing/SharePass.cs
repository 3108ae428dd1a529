using System.Security.Claims;
using Sandbox.Core.People;
using Sandbox.Core.Playgrounds;
using Sandbox.Core.Sandboxes;
using Sandbox.Core.Terminals;
using Sandbox.Web.People;
using Sandbox.Web.Store;

namespace Sandbox.Web.Sharing;

/// <summary>
/// What a link admits to: one terminal of somebody else's, to watch or to type in. Its holder is no person, so whatever
/// asks for one refuses them.
/// </summary>
/// <param name="Id">The link's public id.</param>
/// <param name="Owner">Whose terminal it is.</param>
/// <param name="Playground">Where it is.</param>
/// <param name="Sandbox">Where it is.</param>
/// <param name="Terminal">The terminal, the only one.</param>
/// <param name="Access">What the holder may do with it.</param>
internal sealed record SharePass(string Id, PersonId Owner, PlaygroundId Playground, SandboxId Sandbox, TerminalId Terminal, ShareAccess Access)
{
    private const string IdClaim = "share";
    private const string OwnerClaim = "share_owner";
    private const string PlaygroundClaim = "share_playground";
    private const string SandboxClaim = "share_sandbox";
    private const string TerminalClaim = "share_terminal";
    private const string AccessClaim = "share_access";

    public ClaimsPrincipal Principal() => new(new ClaimsIdentity(
        [
            new Claim(IdClaim, Id),
            new Claim(OwnerClaim, Owner.Value),
            new Claim(PlaygroundClaim, Playground.Value),
            new Claim(SandboxClaim, Sandbox.Value),
            new Claim(TerminalClaim, Terminal.Value),
            new Claim(AccessClaim, Access.ToString()),
        ],
        CallerClaims.Scheme));

    /// <summary>Null when whoever asks did not come by a link.</summary>
    public static SharePass? Of(ClaimsPrincipal principal) => principal.FindFirst(IdClaim) is not { Value: var id }
        ? null
        : new SharePass(
            id,
            PersonId.Parse(Read(principal, OwnerClaim)),
            PlaygroundId.Parse(Read(principal, PlaygroundClaim)),
            SandboxId.Parse(Read(principal, SandboxClaim)),
            TerminalId.Parse(Read(principal, TerminalClaim)),
            Enum.Parse<ShareAccess>(Read(principal, AccessClaim)));

    private static string Read(ClaimsPrincipal principal, string claim) =>
        principal.FindFirst(claim)?.Value ?? throw new InvalidOperationException($"a link without {claim}");
}

/// <summary>Why a link admits nobody, in words that its holder reads, with a code for the page.</summary>
internal sealed record ShareRefusal(int Status, string Code, string Detail)
{
    public static ShareRefusal Revoked { get; } = new(401, "share_revoked", "Whoever shared this terminal has taken the link back.");

    public static ShareRefusal Expired { get; } = new(401, "share_expired", "The time of this link is over.");

    public static ShareRefusal Ended { get; } = new(401, "share_ended", "The playground of this terminal has ended.");

    public static ShareRefusal Full { get; } = new(429, "quota", "As many people follow this terminal as it takes. Try again in a while.");
}
