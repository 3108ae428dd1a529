using System.Text.Json;
using System.Text.Json.Serialization;
using Sandbox.Core.People;
using Sandbox.Core.Volumes;
using Sandbox.Daemon.Records;

namespace Sandbox.Daemon.Volumes;

/// <summary>The state of one volume on disk. It is written after the volume is made and deleted before the volume is.</summary>
internal sealed record VolumeRecord
{
    public required VolumeId Id { get; init; }

    public required PersonId Owner { get; init; }

    public required long Bytes { get; init; }

    /// <summary>Bytes of the files when it was detached last.</summary>
    public long UsedBytes { get; init; }

    /// <summary>Files and directories when it was detached last.</summary>
    public long Files { get; init; }

    /// <summary>
    /// The boot of the host in which it was attached and not detached since; null when it was detached. One of an earlier boot
    /// is checked before it is mounted.
    /// </summary>
    public string? MountedIn { get; init; }
}

/// <summary>The directory of volumes: one directory for each, with its record and its disk image.</summary>
internal sealed class VolumeRecords(DaemonOptions options)
{
    private const string FileName = "record.json";

    private string Root => Path.Combine(options.DataDirectory, "volumes");

    public string DirectoryOf(VolumeId id) => Path.Combine(Root, id.Value);

    /// <summary>The image file that holds a volume's file system.</summary>
    public string ImageOf(VolumeId id) => Path.Combine(DirectoryOf(id), "disk.ext4");

    public void Save(VolumeRecord record)
    {
        var file = Path.Combine(DirectoryOf(record.Id), FileName);
        File.WriteAllBytes(file + ".new", JsonSerializer.SerializeToUtf8Bytes(record, VolumeJson.Default.VolumeRecord));
        File.Move(file + ".new", file, overwrite: true);
    }

    /// <summary>All records. A directory without one is left from a volume that was being made or deleted, and is removed.</summary>
    public IReadOnlyList<VolumeRecord> Load()
    {
        Directory.CreateDirectory(Root);
        var records = new List<VolumeRecord>();
        foreach (var directory in Directory.GetDirectories(Root))
        {
            var file = Path.Combine(directory, FileName);
            if (!File.Exists(file))
            {
                Directory.Delete(directory, recursive: true);
            }
            else if (JsonSerializer.Deserialize(File.ReadAllBytes(file), VolumeJson.Default.VolumeRecord) is { } record && record.Id.Value == Path.GetFileName(directory))
            {
                records.Add(record);
            }
        }

        return records;
    }

    public void Delete(VolumeId id)
    {
        File.Delete(Path.Combine(DirectoryOf(id), FileName));
        Directory.Delete(DirectoryOf(id), recursive: true);
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, Converters = [typeof(VolumeIdJson), typeof(PersonIdJson)])]
[JsonSerializable(typeof(VolumeRecord))]
internal sealed partial class VolumeJson : JsonSerializerContext;
