using Sandbox.Web.Http;

namespace Sandbox.Web.Saves;

/// <summary>How often a person saves: each save reads and writes as much as a sandbox's disk holds.</summary>
internal sealed class SavePace() : PersonPace(20, 30, "You save too often. Try again in a few seconds.");
