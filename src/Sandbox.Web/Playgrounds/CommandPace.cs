using Sandbox.Web.Http;

namespace Sandbox.Web.Playgrounds;

/// <summary>Burst of commands per person. Start, stop, restart, pause and resume count as commands.</summary>
internal sealed class CommandPace(WebOptions options)
    : PersonPace(options.Limits.CommandBurst, options.Limits.CommandsPerMinute, "You run commands too fast. Try again in a few seconds.");
