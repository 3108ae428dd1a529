using Sandbox.Core.Errors;

namespace Sandbox.Web.Registry;

/// <summary>
/// Errors in the form of the distribution API, whose message docker, podman and skopeo print.
/// https://github.com/opencontainers/distribution-spec/blob/main/spec.md#error-codes
/// </summary>
internal static class RegistryFault
{
    public static Task WriteAsync(HttpContext context, int status, string code, string message)
    {
        context.Response.StatusCode = status;
        return context.Response.WriteAsJsonAsync(new { errors = new[] { new { code, message } } }, context.RequestAborted);
    }

    public static Task WriteAsync(HttpContext context, SandboxException fault)
    {
        var (status, code) = fault.Code switch
        {
            ErrorCode.Quota => (403, "DENIED"),
            ErrorCode.Rate => (429, "TOOMANYREQUESTS"),
            ErrorCode.ImageNotFound => (404, "MANIFEST_UNKNOWN"),
            ErrorCode.NotFound => (404, "BLOB_UNKNOWN"),
            ErrorCode.TooLarge => (413, "SIZE_INVALID"),
            ErrorCode.Invalid or ErrorCode.ImageInvalid => (400, "MANIFEST_INVALID"),
            _ => (503, "UNAVAILABLE"),
        };
        return WriteAsync(context, status, code, fault.Message);
    }
}
