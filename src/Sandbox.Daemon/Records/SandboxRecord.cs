using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Sandbox.Core.Images;
using Sandbox.Core.Networks;
using Sandbox.Core.People;
using Sandbox.Core.Playgrounds;
using Sandbox.Core.Sandboxes;
using Sandbox.Core.Terminals;
using Sandbox.Core.Volumes;
using Sandbox.Daemon.Networks;
using Sandbox.Daemon.Oci;

namespace Sandbox.Daemon.Records;

/// <summary>
/// The state of one sandbox on disk. It is written before anything of the sandbox is made and deleted after everything
/// of it is gone, so the next daemon knows everything that this one left.
/// </summary>
internal sealed record SandboxRecord
{
    public required SandboxSpec Spec { get; init; }

    public required SandboxState State { get; init; }

    public required DateTimeOffset Deadline { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>The boot id of the host: after a reboot nothing of the sandbox runs any more.</summary>
    public required string BootId { get; init; }

    public required int UidIndex { get; init; }

    public required NetworkPlace Place { get; init; }

    public string? Address { get; init; }

    /// <summary>The image's configuration, so that the record alone is enough to run a command.</summary>
    public required ImageConfig Config { get; init; }

    /// <summary>The user of commands and terminals; known once the root is mounted.</summary>
    public ProcessUser? User { get; init; }

    /// <summary>The init, and when it started: together they name a process for good.</summary>
    public int Pid { get; init; }

    /// <inheritdoc cref="Pid"/>
    public long PidStartedAt { get; init; }

    public int? ExitCode { get; init; }

    /// <inheritdoc cref="SandboxInfo.Notice"/>
    public string? Notice { get; init; }

    /// <summary>Since when the host pauses it for want of room; null if it does not. Then it goes on without being asked.</summary>
    public DateTimeOffset? HeldAt { get; init; }

    /// <summary>The isolation class; records of earlier daemons do not name one.</summary>
    public string Isolation { get; init; } = "container";

    /// <summary>Whether the sandbox was started with the shell scripts mounted; older daemons had none.</summary>
    public bool HasShellScripts { get; init; }

    /// <summary>
    /// The terminal of the image's own command, which starts with the sandbox; null for an image without a command. An
    /// earlier daemon gave services an init that ends with their command, and the commands of others no start at all.
    /// </summary>
    public TerminalId? Own { get; init; }

    public EndReason? Reason { get; init; }

    /// <summary>The variables of a process that starts now, over those of the image. See <see cref="DatabaseVariables"/>.</summary>
    [JsonIgnore]
    public IReadOnlyDictionary<string, string> Variables
    {
        get => field ?? DatabaseVariables.Own(Spec, Config);
        init;
    }

    /// <summary>Whether its network has a link to the playground's bridge, and so an address.</summary>
    [JsonIgnore]
    public bool HasLink => Spec.Network is not NetworkPolicy.None;

    [JsonIgnore]
    public SandboxInfo Info => new()
    {
        Id = Spec.Id,
        Playground = Spec.Playground,
        Owner = Spec.Owner,
        Name = Spec.Name,
        Image = Spec.Image,
        State = State,
        Deadline = Deadline,
        CreatedAt = CreatedAt,
        Address = State == SandboxState.Ended ? null : Address,
        ExitCode = ExitCode,
        Notice = Notice,
        Isolation = Isolation,
        Limits = Spec.Limits,
        Reason = Reason,
    };
}

/// <summary>The directory of records: one directory per sandbox, each with a file that is renamed into place.</summary>
internal sealed partial class SandboxRecords(DaemonOptions options)
{
    private const string FileName = "record.json";

    /// <summary>
    /// Reads without the generated serializer: that one sets every member, and so takes the default of those that an earlier
    /// version did not write.
    /// </summary>
    private static readonly JsonSerializerOptions Reading = new(RecordJson.Default.Options) { TypeInfoResolver = new DefaultJsonTypeInfoResolver(), Converters = { new JsonStringEnumConverter() } };

    private string Root => Path.Combine(options.DataDirectory, "sandboxes");

    /// <summary>The sandbox's own directory: its record, its bundle, its disk.</summary>
    public string DirectoryOf(SandboxId id) => Path.Combine(Root, id.Value);

    public void Save(SandboxRecord record)
    {
        var directory = DirectoryOf(record.Spec.Id);
        Directory.CreateDirectory(directory);
        var file = Path.Combine(directory, FileName);
        File.WriteAllBytes(file + ".new", JsonSerializer.SerializeToUtf8Bytes(record, RecordJson.Default.SandboxRecord));
        File.Move(file + ".new", file, overwrite: true);
    }

    /// <summary>All readable records. A directory without one is left from a create that never began, or from an interrupted removal.</summary>
    public IReadOnlyList<SandboxRecord> Load()
    {
        Directory.CreateDirectory(Root);
        var records = new List<SandboxRecord>();
        foreach (var directory in Directory.GetDirectories(Root))
        {
            try
            {
                var record = JsonSerializer.Deserialize<SandboxRecord>(File.ReadAllBytes(Path.Combine(directory, FileName)), Reading);
                if (record is not null && string.Equals(record.Spec.Id.Value, Path.GetFileName(directory), StringComparison.Ordinal))
                {
                    records.Add(record);
                }
            }
            catch (Exception fault) when (fault is IOException or JsonException or FormatException)
            {
                // Unreadable records are removed with the orphans.
            }
        }

        return records;
    }

    /// <summary>Removes everything of a sandbox on disk but its record.</summary>
    public void Strip(SandboxId id)
    {
        foreach (var file in Directory.GetFiles(DirectoryOf(id)).Where(file => Path.GetFileName(file) != FileName))
        {
            File.Delete(file);
        }
    }

    /// <summary>Removes everything of a sandbox on disk, the record last.</summary>
    public void Delete(SandboxId id)
    {
        var directory = DirectoryOf(id);
        if (Directory.Exists(directory))
        {
            Strip(id);
            Directory.Delete(directory, recursive: true);
        }
    }

    /// <summary>Removes directories that no record names.</summary>
    public void RemoveOrphans(IReadOnlySet<SandboxId> known)
    {
        foreach (var directory in Directory.GetDirectories(Root))
        {
            if (!SandboxId.TryParse(Path.GetFileName(directory), out var id) || !known.Contains(id))
            {
                Directory.Delete(directory, recursive: true);
            }
        }
    }
}

/// <summary>The serializer of records, generated at build time for quicker launches.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UseStringEnumConverter = true,
    Converters = [typeof(SandboxIdJson), typeof(PlaygroundIdJson), typeof(PersonIdJson), typeof(DigestJson), typeof(TerminalIdJson), typeof(VolumeIdJson)])]
[JsonSerializable(typeof(SandboxRecord))]
[JsonSerializable(typeof(SandboxSpec))]
internal sealed partial class RecordJson : JsonSerializerContext;

internal sealed class SandboxIdJson : JsonConverter<SandboxId>
{
    public override SandboxId Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => SandboxId.Parse(reader.GetString()!);

    public override void Write(Utf8JsonWriter writer, SandboxId value, JsonSerializerOptions options) => writer.WriteStringValue(value.Value);
}

internal sealed class PlaygroundIdJson : JsonConverter<PlaygroundId>
{
    public override PlaygroundId Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => PlaygroundId.Parse(reader.GetString()!);

    public override void Write(Utf8JsonWriter writer, PlaygroundId value, JsonSerializerOptions options) => writer.WriteStringValue(value.Value);
}

internal sealed class PersonIdJson : JsonConverter<PersonId>
{
    public override PersonId Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => PersonId.Parse(reader.GetString()!);

    public override void Write(Utf8JsonWriter writer, PersonId value, JsonSerializerOptions options) => writer.WriteStringValue(value.Value);
}

internal sealed class DigestJson : JsonConverter<Digest>
{
    public override Digest Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => Digest.Parse(reader.GetString()!);

    public override void Write(Utf8JsonWriter writer, Digest value, JsonSerializerOptions options) => writer.WriteStringValue(value.Value);
}

internal sealed class TerminalIdJson : JsonConverter<TerminalId>
{
    public override TerminalId Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => TerminalId.Parse(reader.GetString()!);

    public override void Write(Utf8JsonWriter writer, TerminalId value, JsonSerializerOptions options) => writer.WriteStringValue(value.Value);
}

internal sealed class VolumeIdJson : JsonConverter<VolumeId>
{
    public override VolumeId Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => VolumeId.Parse(reader.GetString()!);

    public override void Write(Utf8JsonWriter writer, VolumeId value, JsonSerializerOptions options) => writer.WriteStringValue(value.Value);
}
