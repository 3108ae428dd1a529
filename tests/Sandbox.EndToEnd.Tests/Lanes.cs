using Xunit;
using Xunit.Sdk;
using Xunit.v3;

// A class waits most of its time for its own sandbox, so three share two processors well.
[assembly: CollectionBehavior(CollectionBehavior.CollectionPerClass, MaxParallelThreads = 3)]
[assembly: TestCollectionOrderer(typeof(Sandbox.EndToEnd.Tests.Lanes))]

namespace Sandbox.EndToEnd.Tests;

/// <summary>
/// Classes run beside each other, each with visitors of its own; those of <see cref="Alone"/> follow one by one. The ones
/// that take longest are at both ends of the order, from where the runner begins: no lane is left to run when others are done.
/// </summary>
public sealed class Lanes : ITestCollectionOrderer
{
    private static readonly string[] First = [typeof(AccessibilityTests).FullName!, typeof(Clipboard).FullName!, typeof(TutorialCommandTests).FullName!];
    private static readonly string Last = typeof(Contract.OperatorTests).FullName!;

    public IReadOnlyCollection<TTestCollection> OrderTestCollections<TTestCollection>(IReadOnlyCollection<TTestCollection> testCollections)
        where TTestCollection : ITestCollection =>
        [
            .. testCollections
                .OrderByDescending(collection => Array.Exists(First, name => Is(collection, name)))
                .ThenBy(collection => Is(collection, Last))
                .ThenBy(collection => collection.TestCollectionDisplayName, StringComparer.Ordinal),
        ];

    private static bool Is(ITestCollection collection, string name) => collection.TestCollectionDisplayName.Contains(name, StringComparison.Ordinal);
}
