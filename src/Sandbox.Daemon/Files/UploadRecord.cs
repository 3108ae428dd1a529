using System.Text.Json;
using System.Text.Json.Serialization;
using Sandbox.Core.Files;

namespace Sandbox.Daemon.Files;

/// <summary>The record of an upload, in its sandbox's directory on the host, which programs in the sandbox cannot reach.</summary>
/// <param name="Path">Where the file goes; links at its end were followed.</param>
/// <param name="Length">Bytes of the whole file.</param>
/// <param name="Mode">Permission bits that were asked for.</param>
/// <param name="Inode">The file with the received bytes.</param>
/// <param name="Uid">The host's number of the file's owner; null for uploads that an earlier daemon began.</param>
/// <param name="Gid">That of its group.</param>
/// <param name="IsOwnerAsked">Whether a file that is replaced gets that owner too.</param>
internal sealed record UploadRecord(byte[] Path, long Length, int? Mode, ulong Inode, uint? Uid = null, uint? Gid = null, bool IsOwnerAsked = false);

/// <summary>The records of one sandbox's uploads: one file each, renamed into place. A file's time is that of the latest part.</summary>
internal sealed class UploadRecords(string directory)
{
    private const string Prefix = "upload-";
    private const string Suffix = ".json";

    public void Save(UploadId id, UploadRecord record)
    {
        var file = FileOf(id);
        File.WriteAllBytes(file + ".new", JsonSerializer.SerializeToUtf8Bytes(record, UploadJson.Default.UploadRecord));
        File.Move(file + ".new", file, overwrite: true);
    }

    /// <summary>One record, or null if it is missing or unreadable.</summary>
    public UploadRecord? Find(UploadId id)
    {
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(FileOf(id)), UploadJson.Default.UploadRecord);
        }
        catch (Exception fault) when (fault is IOException or JsonException)
        {
            return null;
        }
    }

    public void Touch(UploadId id)
    {
        if (File.Exists(FileOf(id)))
        {
            File.SetLastWriteTimeUtc(FileOf(id), DateTime.UtcNow);
        }
    }

    public void Delete(UploadId id) => File.Delete(FileOf(id));

    /// <summary>All there are, with the time of their latest part.</summary>
    public IEnumerable<(UploadId Id, DateTimeOffset Latest)> List()
    {
        foreach (var file in Directory.GetFiles(directory, Prefix + "*" + Suffix))
        {
            if (UploadId.TryParse(Path.GetFileName(file)[Prefix.Length..^Suffix.Length], out var id))
            {
                yield return (id, new DateTimeOffset(File.GetLastWriteTimeUtc(file), TimeSpan.Zero));
            }
        }
    }

    private string FileOf(UploadId id) => Path.Combine(directory, Prefix + id.Value + Suffix);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(UploadRecord))]
internal sealed partial class UploadJson : JsonSerializerContext;
