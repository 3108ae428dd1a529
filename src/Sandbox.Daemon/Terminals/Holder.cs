using System.Text.Json.Serialization;
using Sandbox.Core.Terminals;
using Sandbox.Daemon.Linux;
using Sandbox.Daemon.Records;

namespace Sandbox.Daemon.Terminals;

/// <summary>The record of a terminal's holder on disk.</summary>
internal sealed record Holder(
    [property: JsonConverter(typeof(TerminalIdJson))] TerminalId Id,
    int Pid,
    long PidStartedAt,
    IReadOnlyList<string> Command,
    DateTimeOffset CreatedAt,
    bool IsMarked = false,
    bool IsClaimed = false)
{
    [JsonIgnore]
    public bool IsAlive => PidStartedAt != 0 && ProcessIdentity.StartedAt(Pid) == PidStartedAt;
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(Holder))]
internal sealed partial class HolderJson : JsonSerializerContext;
