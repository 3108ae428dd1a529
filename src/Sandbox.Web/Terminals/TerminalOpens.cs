using Sandbox.Web.Http;

namespace Sandbox.Web.Terminals;

/// <summary>How often one person may open a terminal: each is processes started by the host, at its cost, and a socket's calls are no requests that anybody counts.</summary>
internal sealed class TerminalOpens(WebOptions options)
    : PersonPace(options.Limits.OpenBurst, options.Limits.OpensPerMinute, "You open terminals too fast. Try again in a few seconds.");
