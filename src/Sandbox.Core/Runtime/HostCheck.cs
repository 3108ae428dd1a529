namespace Sandbox.Core.Runtime;

/// <summary>One thing that isolates sandboxes, as the runtime found it by trying it at its start.</summary>
/// <param name="Name">For programs, in snake_case: <c>user_namespaces</c>. An operator's policy names it.</param>
/// <param name="Title">For people.</param>
/// <param name="IsProven">Whether the trial succeeded.</param>
/// <param name="Found">The trial and its result, for the operator.</param>
/// <param name="Meaning">What it is good for, in words that a student understands.</param>
public sealed record HostCheck(string Name, string Title, bool IsProven, string Found, string Meaning);
