using Sandbox.Core.Errors;
using Sandbox.Core.Runtime;

namespace Sandbox.Web.Catalog;

/// <summary>The isolation class that an operator requires for an image or a plan, as requests and pages name it.</summary>
internal static class IsolationSetting
{
    /// <summary>Requires no class: the recipe, the image and the other setting decide.</summary>
    public const string Default = "default";

    /// <summary>The class; null requires none.</summary>
    public static string? Class(string setting) => setting == Default ? null : setting;

    /// <summary>
    /// Refuses what is no setting, and a class that the host cannot start; one that was set before stays. Codes: Invalid,
    /// IsolationUnavailable.
    /// </summary>
    public static async Task CheckAsync(string setting, string? current, ISandboxRuntime runtime, CancellationToken cancellationToken)
    {
        if (Class(setting) is not { } isolation || isolation == current)
        {
            return;
        }

        if (!IsolationDemand.Choices.Contains(isolation, StringComparer.Ordinal))
        {
            throw new SandboxException(ErrorCode.Invalid, $"isolation: {Default} or {string.Join(" or ", IsolationDemand.Choices)}");
        }

        if (!(await runtime.GetInfoAsync(cancellationToken)).Capabilities.IsolationClasses.Contains(isolation, StringComparer.Ordinal))
        {
            throw new SandboxException(ErrorCode.IsolationUnavailable, $"isolation: this host cannot start sandboxes in {IsolationDemand.Title(isolation)}. Its checks in /admin say why.");
        }
    }
}
