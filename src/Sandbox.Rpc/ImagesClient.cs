using System.Runtime.CompilerServices;
using Grpc.Core;
using Sandbox.Core.Images;
using Sandbox.Core.Runtime;
using Sandbox.Rpc.Wire;
using CoreArchiveKind = Sandbox.Core.Images.ArchiveKind;
using CoreImageProgress = Sandbox.Core.Images.ImageProgress;
using CoreStoredImage = Sandbox.Core.Images.StoredImage;

namespace Sandbox.Rpc;

/// <summary>The client end of the images.</summary>
internal sealed class ImagesClient(Wire.Images.ImagesClient client) : IImages
{
    /// <inheritdoc/>
    public async IAsyncEnumerable<CoreImageProgress> AddAsync(ImageSource source, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        // Cut when the content fails: what was sent so far must not be taken for the whole.
        using var cut = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var call = client.Add(cancellationToken: cut.Token);
        var isEnough = new StrongBox<bool>();
        var upload = UploadAsync(call, source, isEnough, cut);
        try
        {
            while (true)
            {
                try
                {
                    if (!await call.ResponseStream.MoveNext(cut.Token).ConfigureAwait(false))
                    {
                        break;
                    }
                }
                catch (Exception error) when (error is RpcException or OperationCanceledException)
                {
                    if (cut.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
                    {
                        await upload.ConfigureAwait(false);
                    }

                    throw error is RpcException rpc ? Faults.FromWire(rpc, cancellationToken) : error;
                }

                if (call.ResponseStream.Current.IsEnough)
                {
                    Volatile.Write(ref isEnough.Value, true);
                }
                else
                {
                    yield return call.ResponseStream.Current.ToCore();
                }
            }
        }
        finally
        {
            await cut.CancelAsync().ConfigureAwait(false);
            await upload.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<CoreStoredImage>> ListAsync(CancellationToken cancellationToken) =>
        ClientCalls.AskAllAsync(client.List(new Nothing(), cancellationToken: cancellationToken), ImagesMap.ToCore, cancellationToken);

    /// <inheritdoc/>
    public Task RemoveAsync(Digest digest, CancellationToken cancellationToken) =>
        ClientCalls.AskAsync(client.RemoveAsync(new RemoveImageRequest { Digest = digest.Value }, cancellationToken: cancellationToken), cancellationToken);

    /// <inheritdoc/>
    public IAsyncEnumerable<ReadOnlyMemory<byte>> ExportAsync(Digest digest, CoreArchiveKind form, string? name, CancellationToken cancellationToken)
    {
        var request = new ExportImageRequest { Digest = digest.Value, Form = (Wire.ArchiveKind)((int)form + 1) };
        if (name is not null)
        {
            request.Name = name;
        }

        return ClientCalls.StreamAsync(cancellation => client.Export(request, cancellationToken: cancellation), cancellationToken).Select(chunk => chunk.Data.Memory);
    }

    /// <inheritdoc/>
    public IAsyncEnumerable<ReadOnlyMemory<byte>> FetchArtifactAsync(string reference, long most, CancellationToken cancellationToken)
    {
        var request = new FetchArtifactRequest { Reference = reference, Most = most };
        return ClientCalls.StreamAsync(cancellation => client.FetchArtifact(request, cancellationToken: cancellation), cancellationToken).Select(chunk => chunk.Data.Memory);
    }

    /// <inheritdoc/>
    public async Task<ImageDifference> CompareAsync(Digest image, Digest below, CancellationToken cancellationToken) =>
        (await ClientCalls.AskAllAsync(client.Compare(Request(image, below), cancellationToken: cancellationToken), part => part, cancellationToken).ConfigureAwait(false)).ToCore();

    /// <inheritdoc/>
    public IAsyncEnumerable<ReadOnlyMemory<byte>> ReadChangesAsync(Digest image, Digest below, CancellationToken cancellationToken) =>
        ClientCalls.StreamAsync(cancellation => client.ReadChanges(Request(image, below), cancellationToken: cancellation), cancellationToken).Select(chunk => chunk.Data.Memory);

    /// <inheritdoc/>
    public Task OfferAsync(ImageAudience audience, IReadOnlyDictionary<string, Digest> names, CancellationToken cancellationToken)
    {
        var request = new OfferImagesRequest { ToOwners = audience == ImageAudience.Owners };
        foreach (var (name, digest) in names)
        {
            request.Names.Add(name, digest.Value);
        }

        return ClientCalls.AskAsync(client.OfferAsync(request, cancellationToken: cancellationToken), cancellationToken);
    }

    private static CompareImagesRequest Request(Digest image, Digest below) => new() { Image = image.Value, Below = below.Value };

    private static async Task UploadAsync(
        AsyncDuplexStreamingCall<AddImageRequest, Wire.ImageProgress> call, ImageSource source, StrongBox<bool> isEnough, CancellationTokenSource cut)
    {
        try
        {
            if (await ContentSending.SendAsync(call.RequestStream, source.ToWire(), cut.Token).ConfigureAwait(false))
            {
                await ContentSending.SendContentAsync(
                    call.RequestStream,
                    source is ImageSource.Archive archive ? archive.Content : AsyncEnumerable.Empty<ReadOnlyMemory<byte>>(),
                    static piece => new AddImageRequest { Chunk = piece.ToWire() },
                    () => Volatile.Read(ref isEnough.Value),
                    cut.Token).ConfigureAwait(false);
            }
        }
        catch
        {
            await cut.CancelAsync().ConfigureAwait(false);
            throw;
        }
    }
}
