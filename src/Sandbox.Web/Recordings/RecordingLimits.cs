namespace Sandbox.Web.Recordings;

/// <summary>How much may be recorded, and how long it is kept.</summary>
public sealed class RecordingLimits
{
    /// <summary>Bytes of one recording.</summary>
    public long BytesEach { get; set; } = 64L << 20;

    /// <summary>Minutes of one recording.</summary>
    public int MinutesEach { get; set; } = 240;

    /// <summary>Recordings of one person.</summary>
    public int PerPerson { get; set; } = 10;

    /// <summary>Bytes of one person's recordings together.</summary>
    public long BytesPerPerson { get; set; } = 256L << 20;

    /// <summary>Bytes of everybody's recordings together.</summary>
    public long BytesInAll { get; set; } = 8L << 30;

    /// <summary>Bytes of the disk that recordings leave free.</summary>
    public long FreeBytes { get; set; } = 1L << 30;

    /// <summary>Days a recording of somebody who signed in is kept.</summary>
    public int KeptDays { get; set; } = 7;

    /// <summary>Days a recording of a guest is kept; when all hold <see cref="BytesInAll"/>, the oldest of guests go before that.</summary>
    public int GuestKeptDays { get; set; } = 1;

    internal IEnumerable<string> Validate()
    {
        (string Name, long Value)[] positive =
        [
            (nameof(BytesEach), BytesEach), (nameof(MinutesEach), MinutesEach), (nameof(PerPerson), PerPerson),
            (nameof(BytesPerPerson), BytesPerPerson), (nameof(BytesInAll), BytesInAll), (nameof(KeptDays), KeptDays),
            (nameof(GuestKeptDays), GuestKeptDays),
        ];
        foreach (var (name, value) in positive)
        {
            if (value < 1)
            {
                yield return $"Recordings:{name}: at least 1";
            }
        }

        if (FreeBytes < 0)
        {
            yield return "Recordings:FreeBytes: 0 or more";
        }
    }
}
