using System.Security.Cryptography;
using Sandbox.Core.Images;
using Sandbox.Core.People;
using Sandbox.Web.Registry;
using Xunit;

namespace Sandbox.Web.Tests.Registry;

public sealed class LooseManifestsTests
{
    private readonly LooseManifests _loose = new();

    [Fact]
    public void Others_do_not_drive_out_what_one_has_pushed()
    {
        var person = PersonId.New();
        var first = Add(person, 1000);
        var second = Add(person, 1000);
        for (var at = 0; at < 40; at++)
        {
            var greedy = PersonId.New();
            for (var more = 0; more < 16; more++)
            {
                Add(greedy, PushedManifest.MaxBytes - more);
            }
        }

        for (var at = 0; at < 100; at++)
        {
            var greedy = PersonId.New();
            for (var more = 0; more < 16; more++)
            {
                Add(greedy, 10);
            }
        }

        Assert.NotNull(_loose.Find(person, "app", first));
        Assert.NotNull(_loose.Find(person, "app", second));
    }

    [Fact]
    public void A_person_has_a_megabyte()
    {
        var person = PersonId.New();
        var digests = Enumerable.Range(0, 3).Select(_ => Add(person, PushedManifest.MaxBytes / 2)).ToList();

        Assert.Equal([false, true, true], digests.Select(digest => _loose.Find(person, "app", digest) is not null));
    }

    private Digest Add(PersonId person, int length)
    {
        var digest = Digest.Parse("sha256:" + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32)));
        _loose.Add(person, "app", digest, new byte[length]);
        return digest;
    }
}
