using System.Buffers;
using System.Net;
using System.Threading.Channels;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Sandbox.Web.Previews;

/// <summary>
/// HTTP/2 without TLS at the address that has HTTP/1.1 too, for clients of gRPC and for the proxies of operators. The server
/// takes one protocol for all connections without TLS, so those that begin with HTTP/2's preface are handed to an endpoint of
/// their own, inside this process. https://www.rfc-editor.org/rfc/rfc9113#name-http-2-connection-preface
/// </summary>
internal sealed class PlainHttp2 : IConnectionListenerFactory, IConnectionListenerFactorySelector
{
    /// <summary>The endpoint. It listens nowhere.</summary>
    public static readonly EndPoint EndPoint = new InProcess();

    private readonly Channel<ConnectionContext> _connections = Channel.CreateUnbounded<ConnectionContext>();

    /// <summary>PRI * HTTP/2.0: no method of HTTP/1.1 has this name.</summary>
    private static ReadOnlySpan<byte> Preface => "PRI "u8;

    /// <summary>Looks at the first bytes of each connection.</summary>
    public void AddTo(ListenOptions listen)
    {
        var wait = listen.KestrelServerOptions.Limits.KeepAliveTimeout;
        listen.Use(next => connection => PassAsync(connection, next, wait));
    }

    public bool CanBind(EndPoint endpoint) => endpoint is InProcess;

    public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default) =>
        ValueTask.FromResult<IConnectionListener>(new Listener(_connections));

    private async Task PassAsync(ConnectionContext connection, ConnectionDelegate next, TimeSpan wait)
    {
        bool isHttp2;
        try
        {
            isHttp2 = await BeginsAsync(connection, wait);
        }
        catch (Exception fault) when (fault is OperationCanceledException or IOException)
        {
            connection.Abort(); // it sent nothing for as long as an idle connection is kept, or went away
            return;
        }

        if (!isHttp2)
        {
            await next(connection);
            return;
        }

        var handed = new Handed(connection);
        if (_connections.Writer.TryWrite(handed))
        {
            await handed.Ended;
        }
        else
        {
            connection.Abort(); // the server stops
        }
    }

    private static async Task<bool> BeginsAsync(ConnectionContext connection, TimeSpan wait)
    {
        using var late = CancellationTokenSource.CreateLinkedTokenSource(connection.ConnectionClosed);
        late.CancelAfter(wait);
        var input = connection.Transport.Input;
        while (true)
        {
            var read = await input.ReadAsync(late.Token);
            var isBegun = IsBegun(read.Buffer, out var length);
            if (!isBegun || length == Preface.Length || read.IsCompleted)
            {
                // Unread and unseen: the next reader gets them at once.
                input.AdvanceTo(read.Buffer.Start);
                return isBegun && length == Preface.Length;
            }

            input.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }
    }

    /// <summary>Whether the bytes are those of the preface, as far as there are any.</summary>
    private static bool IsBegun(ReadOnlySequence<byte> buffer, out int length)
    {
        length = (int)Math.Min(buffer.Length, Preface.Length);
        Span<byte> first = stackalloc byte[length];
        buffer.Slice(0, length).CopyTo(first);
        return Preface[..length].SequenceEqual(first);
    }

    private sealed class InProcess : EndPoint
    {
        public override string ToString() => "plain-http2";
    }

    /// <summary>Takes the connections that were handed over as if they had just come.</summary>
    private sealed class Listener(Channel<ConnectionContext> connections) : IConnectionListener
    {
        public EndPoint EndPoint => PlainHttp2.EndPoint;

        public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
        {
            try
            {
                return await connections.Reader.ReadAsync(cancellationToken);
            }
            catch (Exception end) when (end is ChannelClosedException or OperationCanceledException)
            {
                return null;
            }
        }

        public ValueTask UnbindAsync(CancellationToken cancellationToken = default)
        {
            connections.Writer.TryComplete();
            return ValueTask.CompletedTask;
        }

        public ValueTask DisposeAsync() => UnbindAsync();
    }

    /// <summary>A connection of the other endpoint, which ends it once this one has been disposed.</summary>
    private sealed class Handed(ConnectionContext connection) : ConnectionContext
    {
        private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Ended => _ended.Task;

        public override string ConnectionId
        {
            get => connection.ConnectionId;
            set => connection.ConnectionId = value;
        }

        /// <summary>Those of the server are of one endpoint each.</summary>
        public override IFeatureCollection Features { get; } = new FeatureCollection(connection.Features);

        public override IDictionary<object, object?> Items
        {
            get => connection.Items;
            set => connection.Items = value;
        }

        public override System.IO.Pipelines.IDuplexPipe Transport
        {
            get => connection.Transport;
            set => connection.Transport = value;
        }

        public override EndPoint? LocalEndPoint
        {
            get => connection.LocalEndPoint;
            set => connection.LocalEndPoint = value;
        }

        public override EndPoint? RemoteEndPoint
        {
            get => connection.RemoteEndPoint;
            set => connection.RemoteEndPoint = value;
        }

        public override CancellationToken ConnectionClosed
        {
            get => connection.ConnectionClosed;
            set => connection.ConnectionClosed = value;
        }

        public override void Abort(ConnectionAbortedException abortReason) => connection.Abort(abortReason);

        public override ValueTask DisposeAsync()
        {
            _ended.TrySetResult();
            return base.DisposeAsync();
        }
    }
}
