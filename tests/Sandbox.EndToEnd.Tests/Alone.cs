using Xunit;

namespace Sandbox.EndToEnd.Tests;

/// <summary>Tests that kill a process, or use up the host's memory or processors: each runs while no other test does.</summary>
[CollectionDefinition(DisableParallelization = true)]
public sealed class Alone;
