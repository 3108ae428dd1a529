using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using Sandbox.Core.Errors;
using Sandbox.Core.Images;

namespace Sandbox.Web.Registry;

/// <summary>
/// The two registries behind this process, each a Distribution on a Unix socket. One reads the images that people keep, as
/// the daemon lays them out. The other takes uploads; it forgets what it has after two hours.
/// </summary>
internal sealed class RegistryStores : IDisposable
{
    public const string Kept = "http://kept.invalid";
    public const string Uploads = "http://uploads.invalid";

    private const int Piece = 128 * 1024;

    private readonly HttpMessageInvoker _client;

    public RegistryStores(WebOptions options) => _client = new HttpMessageInvoker(new SocketsHttpHandler
    {
        UseProxy = false,
        UseCookies = false,
        AllowAutoRedirect = false,
        AutomaticDecompression = DecompressionMethods.None,
        ActivityHeadersPropagator = null,
        PooledConnectionIdleTimeout = TimeSpan.FromSeconds(30),
        ConnectCallback = async (connection, cancellation) =>
        {
            var name = connection.DnsEndPoint.Host == new Uri(Kept).Host ? "pull.sock" : "push.sock";
            var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            try
            {
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(Path.Combine(options.RegistrySockets, name)), cancellation);
                return new NetworkStream(socket, ownsSocket: true);
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        },
    });

    public HttpMessageInvoker Client => _client;

    /// <summary>The size of a blob in one of the registries; null if it is not there. Code: RegistryUnreachable.</summary>
    public async Task<long?> SizeAsync(string store, string repository, Digest digest, CancellationToken cancellationToken)
    {
        using var answer = await SendAsync(HttpMethod.Head, store, $"{repository}/blobs/{digest.Value}", cancellationToken);
        return answer.StatusCode == HttpStatusCode.OK ? answer.Content.Headers.ContentLength : null;
    }

    /// <summary>A manifest that is kept; null if it is not there. Code: RegistryUnreachable.</summary>
    public async Task<ReadOnlyMemory<byte>?> ManifestAsync(string repository, Digest digest, CancellationToken cancellationToken)
    {
        using var answer = await SendAsync(HttpMethod.Get, Kept, $"{repository}/manifests/{digest.Value}", cancellationToken);
        if (answer.StatusCode != HttpStatusCode.OK)
        {
            return null;
        }

        return await answer.Content.ReadAsByteArrayAsync(cancellationToken);
    }

    /// <summary>The bytes of a blob, as many as it was said to have. Codes: NotFound, RegistryUnreachable.</summary>
    public async IAsyncEnumerable<ReadOnlyMemory<byte>> ReadAsync(string store, string repository, Digest digest, long size, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var answer = await SendAsync(HttpMethod.Get, store, $"{repository}/blobs/{digest.Value}", cancellationToken);
        if (answer.StatusCode != HttpStatusCode.OK)
        {
            throw new SandboxException(ErrorCode.NotFound, $"The layer {digest} is not here any more. Push it again.");
        }

        await using var content = await answer.Content.ReadAsStreamAsync(cancellationToken);
        while (size > 0)
        {
            var piece = new byte[Math.Min(size, Piece)];
            await content.ReadExactlyAsync(piece, cancellationToken);
            size -= piece.Length;
            yield return piece;
        }
    }

    public void Dispose() => _client.Dispose();

    private async Task<HttpResponseMessage> SendAsync(HttpMethod method, string store, string path, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(method, string.Create(CultureInfo.InvariantCulture, $"{store}/v2/{path}"));
        request.Headers.Accept.ParseAdd(PushedManifest.OciType);
        request.Headers.Accept.ParseAdd(PushedManifest.DockerType);
        try
        {
            return await _client.SendAsync(request, cancellationToken);
        }
        catch (HttpRequestException fault)
        {
            throw new SandboxException(ErrorCode.RegistryUnreachable, "The registry does not answer. Try again in a moment.", fault);
        }
    }
}
