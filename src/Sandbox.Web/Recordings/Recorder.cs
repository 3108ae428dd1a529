using System.Buffers;
using Sandbox.Core.Errors;
using Sandbox.Core.People;
using Sandbox.Core.Terminals;
using Sandbox.Terminals.Flow;
using Sandbox.Terminals.Marks;
using Sandbox.Web.Store;
using Sandbox.Web.Terminals;

namespace Sandbox.Web.Recordings;

/// <summary>What a recorder is started with.</summary>
/// <param name="Id">The recording.</param>
/// <param name="Owner">Whose it is.</param>
/// <param name="Terminal">What is recorded.</param>
/// <param name="StartedAt">When it began, which is its time 0.</param>
/// <param name="Connect">Connects to the terminal's holder.</param>
/// <param name="IsMarked">Whether the holder tells what the marks of its shell hold.</param>
/// <param name="Audience">Knows the terminal's size.</param>
internal sealed record RecorderStart(RecordingId Id, PersonId Owner, TerminalId Terminal, DateTimeOffset StartedAt, Func<CancellationToken, Task<TtyConnection>> Connect, bool IsMarked, Audience Audience);

/// <summary>How a recording is over; without a reason it is not, and the next process goes on with it.</summary>
internal sealed record RecordingEnd(RecordingReason? Reason, long Bytes, long DurationMs);

/// <summary>
/// Records one terminal: a viewer of its own on the terminal's holder, which appends what it gets to a file.
/// </summary>
/// <remarks>
/// To the holder the fastest viewer governs, and slower ones lose what they are too late for. A recorder is faster than
/// any browser, so it acknowledges no more than the fastest browser holds, for as long as the holder itself would wait
/// for a browser that says nothing; what is recorded is then as loss-free as what is seen, and viewers lose nothing
/// that they would not lose without it.
/// Sizes are learned from those who view the terminal through this process. What the program itself makes of its
/// terminal's size (stty cols 40) is not among them, nor what is changed while nobody views it.
/// </remarks>
internal sealed class Recorder : ITerminalFollower, IDisposable
{
    private const int FlushAt = 64 * 1024;
    private const int MostAttempts = 4;
    private const int MostLabel = 200;

    /// <summary>What a player shows when output was lost: an escape that was cut is broken off (CAN), and nothing stays of a screen that what follows was not printed on.</summary>
    private const string Emptied = "\x18\e[?1047l\e[!p\e[H\e[2J";

    /// <summary>No browser is that far behind because it acknowledges only now and then.</summary>
    private const ulong Lag = TtyFrame.OutputWindow / 4;

    private static readonly TimeSpan FlushEvery = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly RecorderStart _start;
    private readonly CastFile _file;
    private readonly CastWriter _writer;
    private readonly ArrayBufferWriter<byte> _lines = new(FlushAt);
    private readonly RecordingSpace _space;
    private readonly OldRecordings _old;
    private readonly RecordingLimits _limits;
    private readonly TimeProvider _time;
    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource _attached = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // The end of what is in the file or in _lines; null until the holder has said where that is.
    private ulong? _offset;
    private ulong _flushed;
    private ulong _held;
    private DateTimeOffset? _stalledAt;
    private (int Cols, int Rows) _size;
    private TtyConnection? _connection;

    // What no recording holds: lines from before it, and by what the marks of a terminal that runs are known.
    private readonly MarkStripper _stripper = new();

    // Finds the commands once the holder has sent the nonce, and what was printed of their lines.
    private readonly LineEcho _echo = new();
    private CommandMarks? _marks;
    private RecordingReason? _reason;

    public Recorder(RecorderStart start, CastFile file, CastPlace place, (int Cols, int Rows) size, RecordingSpace space, OldRecordings old, WebOptions options, TimeProvider time)
    {
        _start = start;
        _file = file;
        _size = size;
        _space = space;
        _old = old;
        _limits = options.Recordings;
        _time = time;
        _writer = new CastWriter(_lines);
        _writer.GoOn(place.Last);
        _offset = place.Offset;
        _flushed = _held = place.Offset ?? 0;
    }

    public RecordingId Id => _start.Id;

    public PersonId Owner => _start.Owner;

    public TerminalId Terminal => _start.Terminal;

    /// <summary>How long it has been recording.</summary>
    public TimeSpan Elapsed => TimeSpan.FromMilliseconds(Now);

    /// <summary>Done once it has asked for what is printed, so that nothing which is typed from then on is missed; or when it is over before that.</summary>
    public Task Attached => _attached.Task;

    /// <summary>Bytes in its file.</summary>
    public long Bytes => _file.Length;

    /// <summary>The time of its newest line.</summary>
    public long DurationMs => _writer.Last;

    private long Now => Math.Max(0, (long)(_time.GetUtcNow() - _start.StartedAt).TotalMilliseconds);

    private int Begun => _writer.Begun + _stripper.Begun;

    private bool IsDecided
    {
        get
        {
            lock (_gate)
            {
                return _reason is not null;
            }
        }
    }

    /// <summary>Begins a fresh file that can be read at any moment.</summary>
    /// <param name="name">The title in it.</param>
    /// <param name="screen">Output for what the terminal shows already; null for none.</param>
    public void Begin(string name, string? screen = null)
    {
        lock (_gate)
        {
            _writer.Header(_size.Cols, _size.Rows, _start.StartedAt, name);

            // A player knows how long a recording is by its events, and refuses one that has none.
            _writer.Resize(0, _size.Cols, _size.Rows);
            _writer.Output(0, screen ?? "");
            Flush();
        }
    }

    /// <summary>Records until the terminal ends, a bound is reached, or it is stopped.</summary>
    public async Task<RecordingEnd> RunAsync()
    {
        var ticking = TickAsync();
        var sizing = FollowSizeAsync();
        try
        {
            var attempts = 0;
            while (!_stop.IsCancellationRequested && attempts < MostAttempts)
            {
                if (IsDecided)
                {
                    break;
                }

                var before = _offset;
                var (over, reached) = await ViewAsync();
                if (over)
                {
                    End(RecordingReason.Exited);
                    break;
                }

                // The holder went without a word: it was closed, or only our connection was.
                if (!reached)
                {
                    End(RecordingReason.Closed);
                    break;
                }

                attempts = _offset == before ? attempts + 1 : 0;
            }

            if (attempts == MostAttempts)
            {
                End(RecordingReason.Closed);
            }
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            // The disk is full for everybody, say.
            End(RecordingReason.Disk);
        }
        finally
        {
            _attached.TrySetResult();
            await _stop.CancelAsync();
            await ticking;
            await sizing;
        }

        lock (_gate)
        {
            if (_reason is not null)
            {
                _writer.Output(Now, _writer.DecodeRest());
            }

            try
            {
                Flush();
            }
            catch (IOException)
            {
                _reason ??= RecordingReason.Disk;
            }

            return new RecordingEnd(_reason, _file.Length, _writer.Last);
        }
    }

    /// <summary>Ends it; without a reason it rests, as when this process ends.</summary>
    public void Stop(RecordingReason? reason)
    {
        lock (_gate)
        {
            _reason ??= reason;
        }

        try
        {
            _stop.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // It was over at this moment.
        }
    }

    public void Held(ulong bytes)
    {
        lock (_gate)
        {
            if (bytes > _held)
            {
                _held = bytes;
                _stalledAt = null;
                Acknowledge();
            }
        }
    }

    public void Dispose()
    {
        _stop.Dispose();
        _writer.Dispose();
        _file.Dispose();
    }

    /// <summary>One connection to the holder: whether the program ended, and whether there was a holder.</summary>
    private async Task<(bool Over, bool Reached)> ViewAsync()
    {
        TtyConnection connection;
        try
        {
            connection = await _start.Connect(_stop.Token);
        }
        catch (SandboxException)
        {
            return (false, false);
        }
        catch (OperationCanceledException)
        {
            return (false, true);
        }

        await using (connection)
        {
            try
            {
                if (_start.IsMarked)
                {
                    connection.Follow();
                }

                // Beyond the end is taken as the end: what was printed before is nobody's business.
                await connection.AttachAsync(_offset + (ulong)Begun ?? long.MaxValue, _stop.Token);
                _attached.TrySetResult();
                lock (_gate)
                {
                    _connection = connection;
                }

                await foreach (var item in connection.ReadAsync(_stop.Token))
                {
                    if (item.State is { } state)
                    {
                        Know(state);
                        continue;
                    }

                    if (item.ExitCode is not null)
                    {
                        return (true, true);
                    }

                    // Out of the lock, and before more of it comes.
                    await _old.MakeRoomAsync();
                    if (!Take(item))
                    {
                        break;
                    }
                }
            }
            catch (Exception gone) when (gone is IOException or InvalidDataException or OperationCanceledException)
            {
                // Looked for again, unless it was stopped.
            }
            finally
            {
                lock (_gate)
                {
                    _connection = null;
                }
            }
        }

        return (false, true);
    }

    private void Know(TtyState state)
    {
        lock (_gate)
        {
            _marks ??= new CommandMarks(state.Nonce) { IsLate = true, Echo = _echo, Learned = command => _writer.Mark(Now, Label(command.Line)) };
        }
    }

    /// <summary>A command's line, fit to stand in a list; of one that the recording does not show, no letter.</summary>
    private string Label(string? line)
    {
        var words = string.Join(' ', (line ?? "").Split(['\r', '\n', '\t', ' '], StringSplitOptions.RemoveEmptyEntries));
        var clean = new string([.. words.Where(letter => !char.IsControl(letter))]);
        var label = clean.Length <= MostLabel ? clean : clean[..(char.IsHighSurrogate(clean[MostLabel - 1]) ? MostLabel - 1 : MostLabel)];
        return _echo.Shows(label) ? label : "Command";
    }

    /// <summary>False when a bound is reached.</summary>
    private bool Take(TtyItem item)
    {
        lock (_gate)
        {
            // A screen shows what was printed before, also before the recording began: it tells how much was lost, no more.
            var data = item.Screen is null ? item.Data.Span : default;
            var end = item.Offset + (ulong)item.Data.Length;
            var begin = end - (ulong)data.Length;
            var now = Now;
            if (_offset is null)
            {
                _held = Math.Max(_held, begin);
            }
            else if (begin > _offset + (ulong)Begun)
            {
                _writer.Output(now, _writer.DecodeRest());
                _stripper.Skip();
                _writer.Mark(now, $"{begin - _offset.Value} bytes of output were lost here");
                _writer.Output(now, Emptied);
            }

            var text = _writer.Decode(_stripper.Strip(data));
            _marks?.Skip(begin);
            _marks?.Read(data, now);
            _writer.Output(now, text);

            // A character or a mark that has only begun is asked for again after a restart.
            _offset = end - (ulong)Begun;
            return (_lines.WrittenCount < FlushAt && _offset.Value - _flushed < Lag) || Flush();
        }
    }

    private async Task FollowSizeAsync()
    {
        using var reader = _start.Audience.Read();
        try
        {
            await foreach (var now in reader.ReadAsync(static _ => false, _stop.Token))
            {
                lock (_gate)
                {
                    if (now.Cols > 0 && _size != (now.Cols, now.Rows))
                    {
                        _size = (now.Cols, now.Rows);
                        _writer.Resize(Now, now.Cols, now.Rows);
                    }
                }
            }
        }
        catch (OperationCanceledException)
        {
            // It is over.
        }
    }

    private async Task TickAsync()
    {
        using var timer = new PeriodicTimer(FlushEvery);
        try
        {
            while (await timer.WaitForNextTickAsync(_stop.Token))
            {
                lock (_gate)
                {
                    if (Now > (long)_limits.MinutesEach * 60_000)
                    {
                        _reason ??= RecordingReason.Time;
                    }

                    Flush();
                    Acknowledge();
                }

                if (IsDecided)
                {
                    await _stop.CancelAsync();
                }
            }
        }
        catch (OperationCanceledException)
        {
            // It is over.
        }
        catch (IOException)
        {
            Stop(RecordingReason.Disk);
        }
    }

    /// <summary>Appends what waits. False, and what waits is dropped, when it would be too much.</summary>
    private bool Flush()
    {
        var reached = _offset ?? 0;
        if (_lines.WrittenCount == 0 && reached == _flushed)
        {
            return true;
        }

        // What came may say nothing, as marks do, however long: kept unacknowledged, it would end the output.
        RecordingReason? refusal = _lines.WrittenCount == 0 ? null : _file.Length + _lines.WrittenCount > _limits.BytesEach
            ? RecordingReason.Size
            : _space.Take(_start.Owner, _lines.WrittenCount);
        if (refusal is not null)
        {
            _reason ??= refusal;
            _lines.ResetWrittenCount();
            return false;
        }

        _file.Append(_lines.WrittenSpan, _offset, _writer.Last);
        _lines.ResetWrittenCount();
        _flushed = reached;
        Acknowledge();
        return true;
    }

    private void Acknowledge()
    {
        if (_flushed <= _held || _flushed - _held < Lag)
        {
            _stalledAt = null;
        }
        else
        {
            _stalledAt ??= _time.GetUtcNow();
        }

        var follows = _stalledAt is not { } since || _time.GetUtcNow() - since < Patience;
        _connection?.Ack(follows ? Math.Min(_flushed, _held) : _flushed);
    }

    private void End(RecordingReason reason)
    {
        lock (_gate)
        {
            // Stopped at the same moment: who asked first is right, and a process that ends says nothing.
            if (!_stop.IsCancellationRequested)
            {
                _reason ??= reason;
            }
        }
    }
}
