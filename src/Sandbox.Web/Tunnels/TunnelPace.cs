using Sandbox.Web.Http;

namespace Sandbox.Web.Tunnels;

/// <summary>Connections that one person makes through tunnels: each costs the daemon a thread for a moment.</summary>
internal sealed class TunnelPace(WebOptions options)
    : PersonPace(options.Limits.TunnelBurst, options.Limits.TunnelsPerMinute, "Too many connections through tunnels. Keep them open, or make fewer.");
