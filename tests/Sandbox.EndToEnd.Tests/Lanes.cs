using Xunit;
using Xunit.v3;

[assembly: CollectionBehavior(typeof(Sandbox.EndToEnd.Tests.Lanes), MaxParallelThreads = 3)]

namespace Sandbox.EndToEnd.Tests;

/// <summary>
/// Tests of the contract run beside each other: their callers have addresses of their own and mostly wait. Then, one at a time,
/// those that take a process away (<see cref="Contract.Alone"/>) and those with a browser, which share a clipboard and lose
/// requests whenever a sandbox elsewhere adds a link to the host.
/// </summary>
public sealed class Lanes(IXunitTestAssembly testAssembly) : TestCollectionFactoryBase(testAssembly)
{
    private readonly XunitTestCollection _browser = new(testAssembly, collectionDefinition: null, disableParallelization: true, "browser");

    public override string DisplayName => "contract by class, then the browser";

    protected override IXunitTestCollection GetDefaultTestCollection(Type testClass) =>
        testClass.Namespace == typeof(Contract.Alone).Namespace
            ? new XunitTestCollection(TestAssembly, collectionDefinition: null, disableParallelization: false, testClass.FullName!)
            : _browser;
}
