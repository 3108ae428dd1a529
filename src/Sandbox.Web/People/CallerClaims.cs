using System.Security.Claims;
using Sandbox.Core.Errors;
using Sandbox.Core.People;
using Sandbox.Web.Store;

namespace Sandbox.Web.People;

/// <summary>The caller's identity as claims of their principal.</summary>
public static class CallerClaims
{
    /// <summary>Role of a person who signed in with an operator's link.</summary>
    public const string OperatorRole = "operator";

    /// <summary>Policy that admits operators only.</summary>
    public const string OperatorPolicy = "operator";

    /// <summary>Policy that admits any person, guests included.</summary>
    public const string PersonPolicy = "person";

    /// <summary>Type of the claim with the person's id.</summary>
    public const string PersonClaim = "person";

    internal const string Scheme = "person";

    /// <summary>The person, or null for an anonymous caller.</summary>
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
