using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using Sandbox.Core.Images;
using Sandbox.Core.Networks;
using Sandbox.Core.People;
using Sandbox.Core.Playgrounds;
using Sandbox.Core.Quotas;
using Sandbox.Core.Sandboxes;
using Sandbox.Daemon.Networks;
using Sandbox.Daemon.Records;
using Xunit;

namespace Sandbox.Daemon.Tests.Records;

/// <summary>What a daemon reads of the sandboxes that an earlier one left.</summary>
public sealed class SandboxRecordsTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("sandbox-records-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void A_record_of_an_earlier_version_has_the_defaults_of_what_it_lacks()
    {
        var records = new SandboxRecords(new DaemonOptions { DataDirectory = _directory });
        var limits = new SandboxLimits(1, 1 << 26, 64, 1 << 26, 1000);
        var record = new SandboxRecord
        {
            Spec = new SandboxSpec
            {
                Id = SandboxId.New(),
                Playground = PlaygroundId.New(),
                Owner = PersonId.New(),
                Name = "main",
                Image = Digest.Parse("sha256:" + new string('a', 64)),
                Limits = limits,
                OwnerLimits = limits,
                Deadline = DateTimeOffset.UnixEpoch,
            },
            State = SandboxState.Running,
            Deadline = DateTimeOffset.UnixEpoch,
            CreatedAt = DateTimeOffset.UnixEpoch,
            BootId = "boot",
            UidIndex = 3,
            Place = new NetworkPlace(1, 2),
            Config = new ImageConfig(),
        };
        records.Save(record);
        var file = Path.Combine(records.DirectoryOf(record.Spec.Id), "record.json");
        var json = JsonNode.Parse(File.ReadAllText(file))!.AsObject();
        Assert.NotEqual(0, Reduce(json, typeof(SandboxRecord)) + Reduce(json["spec"]!.AsObject(), typeof(SandboxSpec)));
        json["config"] = new JsonObject();
        File.WriteAllText(file, json.ToJsonString());

        var read = Assert.Single(records.Load());
        Assert.Equal(NetworkPolicy.Egress, read.Spec.Policy.Network);
        Assert.Empty(read.Spec.Policy.Domains);
        Assert.Equal("container", read.Isolation);
        Assert.Equivalent(record, read, strict: true);
    }

    /// <summary>Removes every member that need not be there; the number of them.</summary>
    private static int Reduce(JsonObject json, Type type)
    {
        var optional = type.GetProperties().Where(property => property.GetCustomAttribute<RequiredMemberAttribute>() is null).Select(property => char.ToLowerInvariant(property.Name[0]) + property.Name[1..]);
        return optional.Count(json.Remove);
    }
}
