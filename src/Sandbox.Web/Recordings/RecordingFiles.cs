namespace Sandbox.Web.Recordings;

/// <summary>Where recordings lie: one directory that only this process may enter, one file each.</summary>
internal sealed class RecordingFiles(WebOptions options)
{
    private readonly string _directory = Path.Combine(options.DataDirectory, "recordings");

    public string PathOf(RecordingId id) => Path.Combine(_directory, id.Value + ".cast");

    /// <summary>Makes the directory; safe when it is there.</summary>
    public void Prepare() =>
        Directory.CreateDirectory(_directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);

    public CastFile Create(RecordingId id) => CastFile.Create(PathOf(id));

    public void Finish(RecordingId id) => CastFile.Finish(PathOf(id));

    public void Delete(RecordingId id) => CastFile.Delete(PathOf(id));

    /// <summary>Deletes the files that no row names: a row is deleted first, so a crash leaves no recording that its owner sees and cannot play.</summary>
    public void Sweep(IReadOnlySet<string> known)
    {
        foreach (var file in Directory.EnumerateFiles(_directory))
        {
            if (!known.Contains(Path.GetFileNameWithoutExtension(file)))
            {
                File.Delete(file);
            }
        }
    }
}
