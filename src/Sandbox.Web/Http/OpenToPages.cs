namespace Sandbox.Web.Http;

/// <summary>
/// Metadata of an endpoint that pages of other sites may call from their scripts. It has to judge a request by nothing that
/// a browser adds by itself: neither a cookie nor a session.
/// </summary>
internal sealed class OpenToPages
{
    public static OpenToPages Metadata { get; } = new();
}
