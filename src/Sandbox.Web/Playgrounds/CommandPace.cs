using Sandbox.Web.Http;

namespace Sandbox.Web.Playgrounds;

/// <summary>How often one person may run a command, or start and stop a sandbox: what the host does for that, no sandbox pays for.</summary>
internal sealed class CommandPace(WebOptions options)
    : PersonPace(options.Limits.CommandBurst, options.Limits.CommandsPerMinute, "You run commands too fast. Try again in a few seconds.");
