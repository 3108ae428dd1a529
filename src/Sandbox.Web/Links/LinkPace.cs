using Sandbox.Web.Http;

namespace Sandbox.Web.Links;

/// <summary>How often a person lists their links: it reads every recipe of theirs.</summary>
internal sealed class LinkPace() : PersonPace(30, 120, "You list your links too often. Try again in a few seconds.");
