namespace Sandbox.Core.Errors;

/// <summary>The text and the HTTP status of every <see cref="ErrorCode"/>: the one table both ends of a wire read.</summary>
public static class ErrorCodes
{
    private static readonly Dictionary<string, ErrorCode> ByText =
        Enum.GetValues<ErrorCode>().ToDictionary(Text, StringComparer.Ordinal);

    /// <summary>The code as it stands on a wire, in snake_case: <c>image_not_found</c>.</summary>
    public static string Text(ErrorCode code) => Row(code).Text;

    /// <summary>The status HTTP answers with.</summary>
    public static int Status(ErrorCode code) => Row(code).Status;

    /// <summary>Reads a code that came over a wire.</summary>
    public static bool TryParse(string? text, out ErrorCode code)
    {
        code = default;
        return text is not null && ByText.TryGetValue(text, out code);
    }

    private static (string Text, int Status) Row(ErrorCode code) => code switch
    {
        ErrorCode.Internal => ("internal", 500),
        ErrorCode.Invalid => ("invalid", 400),
        ErrorCode.NotFound => ("not_found", 404),
        ErrorCode.ImageNotFound => ("image_not_found", 404),
        ErrorCode.LinkNotFound => ("link_not_found", 404),
        ErrorCode.LinkClosed => ("link_closed", 403),
        ErrorCode.LinkPassword => ("link_password", 403),
        ErrorCode.Suspended => ("suspended", 403),
        ErrorCode.Conflict => ("conflict", 409),
        ErrorCode.ImageInUse => ("image_in_use", 409),
        ErrorCode.IsolationUnavailable => ("isolation_unavailable", 409),
        ErrorCode.TooLarge => ("too_large", 413),
        ErrorCode.ImageInvalid => ("image_invalid", 422),
        ErrorCode.CommandNotFound => ("command_not_found", 422),
        ErrorCode.CommandNotExecutable => ("command_not_executable", 422),
        ErrorCode.CommandFormat => ("command_format", 422),
        ErrorCode.SetupFailed => ("setup_failed", 422),
        ErrorCode.BuildFailed => ("build_failed", 422),
        ErrorCode.Quota => ("quota", 429),
        ErrorCode.Rate => ("rate", 429),
        ErrorCode.Capacity => ("capacity", 429),
        ErrorCode.RegistryUnreachable => ("registry_unreachable", 502),
        ErrorCode.RepositoryUnreachable => ("repository_unreachable", 502),
        ErrorCode.RuntimeUnavailable => ("runtime_unavailable", 503),
        ErrorCode.Timeout => ("timeout", 504),
        ErrorCode.DiskFull => ("disk_full", 507),
        _ => throw new ArgumentOutOfRangeException(nameof(code), code, "no such error code"),
    };
}
