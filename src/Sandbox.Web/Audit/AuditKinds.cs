using Sandbox.Web.Store;

namespace Sandbox.Web.Audit;

/// <summary>The kinds of events as REST and the page write them.</summary>
internal static class AuditKinds
{
    public static readonly IReadOnlyList<AuditKind> All = Enum.GetValues<AuditKind>();

    public static string Text(AuditKind kind) => kind switch
    {
        AuditKind.Launch => "launch",
        AuditKind.End => "end",
        AuditKind.SignIn => "sign_in",
        AuditKind.Operator => "operator",
        AuditKind.Refused => "refused",
        AuditKind.Limit => "limit",
        AuditKind.Tutorial => "tutorial",
        AuditKind.Handover => "handover",
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "no such kind"),
    };

    /// <summary>For the page: plural, as the choices of a filter.</summary>
    public static string Words(AuditKind kind) => kind switch
    {
        AuditKind.Launch => "Launches",
        AuditKind.End => "Ends",
        AuditKind.SignIn => "Sign-ins",
        AuditKind.Operator => "Operators' acts",
        AuditKind.Refused => "Refused requests",
        AuditKind.Limit => "Stopped by a limit",
        AuditKind.Tutorial => "Tutorials published",
        AuditKind.Handover => "Handovers",
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "no such kind"),
    };

    public static bool TryParse(string text, out AuditKind kind)
    {
        foreach (var each in All)
        {
            if (Text(each) == text)
            {
                kind = each;
                return true;
            }
        }

        kind = default;
        return false;
    }
}
