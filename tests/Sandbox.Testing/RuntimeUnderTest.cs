using Sandbox.Core.Images;
using Sandbox.Core.Quotas;
using Sandbox.Core.Runtime;
using Xunit;

namespace Sandbox.Testing;

/// <summary>An adapter that the conformance suites run against, and an interactive image that holds busybox or the GNU tools.</summary>
public abstract class RuntimeUnderTest : IAsyncLifetime
{
    /// <summary>The adapter.</summary>
    public abstract ISandboxRuntime Runtime { get; }

    /// <summary>An image in its store whose command is a shell.</summary>
    public abstract Digest InteractiveImage { get; }

    /// <summary>The limits of each sandbox.</summary>
    public virtual SandboxLimits Limits => new(1, 128L << 20, 128, 128L << 20, 20_000);

    /// <summary>The limits of all sandboxes of one test together.</summary>
    public virtual SandboxLimits OwnerLimits => new(2, 4L << 30, 4096, 4L << 30, 1_000_000);

    /// <summary>The time a test waits for an event; far longer than it takes.</summary>
    public virtual TimeSpan Patience => TimeSpan.FromSeconds(60);

    /// <summary>A command that kills itself with SIGKILL.</summary>
    public virtual IReadOnlyList<string> KillItself => ["sh", "-c", "kill -9 $$"];

    /// <summary>A command that ends with an exit code.</summary>
    public virtual IReadOnlyList<string> ExitWith(int code) => ["sh", "-c", $"exit {code}"];

    /// <summary>A command that writes a file once it runs, and then sleeps for ten minutes.</summary>
    public virtual IReadOnlyList<string> WriteAndSleep(string path) => ["sh", "-c", $"echo > {path}; exec sleep 600"];

    /// <summary>A command that prints a variable.</summary>
    public virtual IReadOnlyList<string> PrintVariable(string name) => ["sh", "-c", $"printf '%s\\n' \"${name}\""];

    /// <inheritdoc/>
    public virtual ValueTask InitializeAsync() => ValueTask.CompletedTask;

    /// <inheritdoc/>
    public virtual ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return ValueTask.CompletedTask;
    }
}
