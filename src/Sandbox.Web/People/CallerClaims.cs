using System.Security.Claims;
using Sandbox.Core.Errors;
using Sandbox.Core.People;

namespace Sandbox.Web.People;

/// <summary>Who is asking, as the rest of the process reads it off a principal.</summary>
public static class CallerClaims
{
    /// <summary>The role of whoever signed in with an operator's link.</summary>
    public const string OperatorRole = "operator";

    /// <summary>The policy of everything only an operator may see.</summary>
    public const string OperatorPolicy = "operator";

    /// <summary>The policy of everything that needs to know who asks: a guest is enough.</summary>
    public const string PersonPolicy = "person";

    /// <summary>The policy of the hub: a person, or the holder of a link to one terminal.</summary>
    public const string TerminalPolicy = "terminal";

    /// <summary>The claim that holds the person's id.</summary>
    public const string PersonClaim = "person";

    internal const string Scheme = "person";

    /// <summary>The person; null is nobody yet.</summary>
    public static PersonId? Person(this ClaimsPrincipal principal) =>
        PersonId.TryParse(principal.FindFirst(PersonClaim)?.Value, out var person) ? person : null;

    internal static PersonId RequirePerson(this HttpContext context) =>
        context.User.Person() ?? throw new SandboxException(ErrorCode.NotFound, "There is nothing at this address.");

    internal static ClaimsPrincipal Principal(PersonId person, PersonKind kind)
    {
        var identity = new ClaimsIdentity(Scheme, ClaimTypes.Name, ClaimTypes.Role);
        identity.AddClaim(new Claim(PersonClaim, person.Value));
        identity.AddClaim(new Claim(ClaimTypes.Name, kind == PersonKind.Operator ? "operator" : "guest"));
        if (kind == PersonKind.Operator)
        {
            identity.AddClaim(new Claim(ClaimTypes.Role, OperatorRole));
        }

        return new ClaimsPrincipal(identity);
    }
}
