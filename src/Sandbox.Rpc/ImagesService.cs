using System.Runtime.CompilerServices;
using Grpc.Core;
using Microsoft.Extensions.Logging;
using Sandbox.Core.Runtime;
using Sandbox.Rpc.Wire;
using ImageAudience = Sandbox.Core.Images.ImageAudience;

namespace Sandbox.Rpc;

/// <summary>The server end of the images. The client is not trusted; digests and sources are checked here.</summary>
public sealed class ImagesService(ISandboxRuntime runtime, ILogger<ImagesService> logger) : Wire.Images.ImagesBase
{
    private readonly Answers<IImages> _answers = new(runtime.Images, logger);

    /// <inheritdoc/>
    public override async Task Add(IAsyncStreamReader<AddImageRequest> requestStream, IServerStreamWriter<ImageProgress> responseStream, ServerCallContext context)
    {
        try
        {
            await _answers.StreamAsync(requestStream, responseStream, context, AddImageAsync).ConfigureAwait(false);
        }
        finally
        {
            await ContentReading.DrainAsync(requestStream, () => responseStream.WriteAsync(new ImageProgress { IsEnough = true }, context.CancellationToken), context.CancellationToken).ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public override Task List(Nothing request, IServerStreamWriter<StoredImage> responseStream, ServerCallContext context) =>
        _answers.StreamAllAsync(request, responseStream, context, static async (images, _, cancellation) =>
            (await images.ListAsync(cancellation).ConfigureAwait(false)).Select(ImagesMap.ToWire));

    /// <inheritdoc/>
    public override Task<Nothing> Remove(RemoveImageRequest request, ServerCallContext context) =>
        _answers.AnswerAsync(request, context, static async (images, request, cancellation) =>
        {
            await images.RemoveAsync(Values.ToDigest(request.Digest), cancellation).ConfigureAwait(false);
            return Answers.Nothing;
        });

    /// <inheritdoc/>
    public override Task Export(ExportImageRequest request, IServerStreamWriter<Chunk> responseStream, ServerCallContext context) =>
        _answers.StreamAsync(request, responseStream, context, static (images, request, cancellation) =>
            images.ExportAsync(
                    Values.ToDigest(request.Digest),
                    Values.ToEnum<Core.Images.ArchiveKind>((int)request.Form, "archive kind"),
                    request.HasName ? request.Name : null,
                    cancellation)
                .SelectMany(Values.Pieces)
                .Select(static piece => new Chunk { Data = piece.ToWire() }));

    /// <inheritdoc/>
    public override Task FetchArtifact(FetchArtifactRequest request, IServerStreamWriter<Chunk> responseStream, ServerCallContext context) =>
        _answers.StreamAsync(request, responseStream, context, static (images, request, cancellation) =>
            images.FetchArtifactAsync(request.Reference, request.Most, cancellation)
                .SelectMany(Values.Pieces)
                .Select(static piece => new Chunk { Data = piece.ToWire() }));

    /// <inheritdoc/>
    public override Task Compare(CompareImagesRequest request, IServerStreamWriter<ImageDifferencePart> responseStream, ServerCallContext context) =>
        _answers.StreamAllAsync(request, responseStream, context, static async (images, request, cancellation) =>
            (await images.CompareAsync(Values.ToDigest(request.Image), Values.ToDigest(request.Below), cancellation).ConfigureAwait(false)).ToWire());

    /// <inheritdoc/>
    public override Task ReadChanges(CompareImagesRequest request, IServerStreamWriter<Chunk> responseStream, ServerCallContext context) =>
        _answers.StreamAsync(request, responseStream, context, static (images, request, cancellation) =>
            images.ReadChangesAsync(Values.ToDigest(request.Image), Values.ToDigest(request.Below), cancellation)
                .SelectMany(Values.Pieces)
                .Select(static piece => new Chunk { Data = piece.ToWire() }));

    /// <inheritdoc/>
    public override Task<Nothing> Offer(OfferImagesRequest request, ServerCallContext context) =>
        _answers.AnswerAsync(request, context, static async (images, request, cancellation) =>
        {
            await images.OfferAsync(request.ToOwners ? ImageAudience.Owners : ImageAudience.Everyone, request.Names.ToDictionary(entry => entry.Key, entry => Values.ToDigest(entry.Value), StringComparer.Ordinal), cancellation).ConfigureAwait(false);
            return Answers.Nothing;
        });

    private static async IAsyncEnumerable<ImageProgress> AddImageAsync(
        IImages images,
        IAsyncStreamReader<AddImageRequest> requests,
        [EnumeratorCancellation] CancellationToken cancellation)
    {
        if (!await requests.MoveNext(cancellation).ConfigureAwait(false))
        {
            throw Faults.Malformed("image source");
        }

        var content = ContentReading.ContentAsync(requests, static request => request.PartCase == AddImageRequest.PartOneofCase.Chunk ? request.Chunk : null, cancellation);
        await foreach (var progress in images.AddAsync(requests.Current.ToCore(content), cancellation).ConfigureAwait(false))
        {
            yield return progress.ToWire();
        }
    }
}
