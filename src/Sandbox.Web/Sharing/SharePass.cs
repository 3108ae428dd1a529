using System.Security.Claims;
using Sandbox.Core.People;
using Sandbox.Core.Playgrounds;
using Sandbox.Core.Sandboxes;
using Sandbox.Core.Terminals;
using Sandbox.Web.People;
using Sandbox.Web.Store;

namespace Sandbox.Web.Sharing;

/// <summary>
/// What a link grants: one terminal of another person, to watch or to type in. Its holder is not a person, so every
/// endpoint that requires one refuses them.
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

    /// <summary>The pass of a link holder; null for any other caller.</summary>
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

/// <summary>Why a link admits nobody: a detail for its holder and a code for the page.</summary>
internal sealed record ShareRefusal(int Status, string Code, string Detail)
{
    public static ShareRefusal Revoked { get; } = new(401, "share_revoked", "The owner of this terminal has revoked the link.");

    public static ShareRefusal Expired { get; } = new(401, "share_expired", "This link has expired.");

    public static ShareRefusal Ended { get; } = new(401, "share_ended", "The playground of this terminal has ended.");

    public static ShareRefusal Full { get; } = new(429, "quota", "This terminal has its most viewers. Try again later.");
}
