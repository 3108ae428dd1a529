using Sandbox.Core.Errors;
using Sandbox.Core.Files;

namespace Sandbox.Testing;

/// <summary>The uploads of one sandbox of a <see cref="FakeRuntime"/>.</summary>
internal sealed class FakeUploads(FakeFileSystem files)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<UploadId, FakeUpload> _open = [];
    private readonly Dictionary<UploadId, UploadInfo> _complete = [];

    public UploadInfo Begin(UploadSpec spec)
    {
        if (spec.Length < 0 || spec.Mode is < 0 or > 0xFFF)
        {
            throw new SandboxException(ErrorCode.Invalid, "length: 0 or more; mode: octal, 0 to 07777");
        }

        lock (_gate)
        {
            if (_open.ContainsKey(spec.Id))
            {
                throw new SandboxException(ErrorCode.Conflict, "Another upload has this id.");
            }

            if (_open.Count >= UploadSpec.MostPerSandbox)
            {
                throw new SandboxException(ErrorCode.Quota, "Too many uploads.");
            }

            files.CheckPlace(spec.Path);
            if (spec.Length > files.FreeBytes - _open.Values.Sum(upload => upload.Spec.Length))
            {
                throw new SandboxException(ErrorCode.DiskFull, $"The sandbox's disk is full: {spec.Length} bytes needed, {files.FreeBytes} bytes free.");
            }

            var begun = new FakeUpload { Spec = spec };
            _open[spec.Id] = begun;
            return spec.Length == 0 ? Complete(begun) : new UploadInfo(spec.Id, 0, spec.Length);
        }
    }

    public UploadInfo? Find(UploadId id)
    {
        lock (_gate)
        {
            return _open.TryGetValue(id, out var upload) ? new UploadInfo(id, upload.Content.Length, upload.Spec.Length) : _complete.GetValueOrDefault(id);
        }
    }

    public async Task<UploadInfo> ContinueAsync(UploadId id, long offset, IAsyncEnumerable<ReadOnlyMemory<byte>> content, CancellationToken cancellationToken)
    {
        FakeUpload upload;
        lock (_gate)
        {
            upload = _open.GetValueOrDefault(id) ?? throw new SandboxException(ErrorCode.NotFound, "There is no such upload.");
            if (upload.Writer is not null)
            {
                throw new SandboxException(ErrorCode.Conflict, "Another request is sending this upload right now.");
            }

            if (upload.Content.Length != offset)
            {
                throw new SandboxException(ErrorCode.Conflict, $"The upload is at {upload.Content.Length}, not at {offset}.");
            }

            upload.Writer = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        }

        try
        {
            await foreach (var part in content.WithCancellation(upload.Writer.Token))
            {
                lock (_gate)
                {
                    if (part.Length > upload.Spec.Length - upload.Content.Length)
                    {
                        throw new SandboxException(ErrorCode.TooLarge, "More than the upload's length came.");
                    }

                    upload.Content.Write(part.Span);
                }
            }

            lock (_gate)
            {
                if (!_open.ContainsKey(id))
                {
                    throw new SandboxException(ErrorCode.NotFound, "The upload was cancelled.");
                }

                return upload.Content.Length == upload.Spec.Length ? Complete(upload) : new UploadInfo(id, upload.Content.Length, upload.Spec.Length);
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new SandboxException(ErrorCode.NotFound, "The upload was cancelled.");
        }
        finally
        {
            lock (_gate)
            {
                upload.Writer.Dispose();
                upload.Writer = null;
            }
        }
    }

    public void Cancel(UploadId id)
    {
        lock (_gate)
        {
            if (_open.Remove(id, out var upload))
            {
                _ = upload.Writer?.CancelAsync();
            }
        }
    }

    private UploadInfo Complete(FakeUpload upload)
    {
        files.Write(upload.Spec.Path, upload.Spec.Mode, upload.Content.ToArray());
        _open.Remove(upload.Spec.Id);
        return _complete[upload.Spec.Id] = new UploadInfo(upload.Spec.Id, upload.Spec.Length, upload.Spec.Length);
    }

    private sealed class FakeUpload
    {
        public required UploadSpec Spec { get; init; }

        public MemoryStream Content { get; } = new();

        public CancellationTokenSource? Writer { get; set; }
    }
}
