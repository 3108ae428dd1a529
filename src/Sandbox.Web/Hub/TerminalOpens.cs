using Sandbox.Web.Http;

namespace Sandbox.Web.Hub;

/// <summary>Rate of terminals opened per person: each starts processes on the host, and calls on a socket do not count as requests.</summary>
internal sealed class TerminalOpens(WebOptions options)
    : PersonPace(options.Limits.OpenBurst, options.Limits.OpensPerMinute, "You open terminals too fast. Try again in a few seconds.");
