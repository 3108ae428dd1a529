using Xunit;

namespace Sandbox.EndToEnd.Tests;

/// <summary>Tests that use the clipboard, of which a browser has one: they run beside others, but one after another.</summary>
[CollectionDefinition]
public sealed class Clipboard;
