using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Sandbox.Web.Http;

/// <summary>
/// Bounds the connections one address holds before a byte of them is read: the server takes so many in all, and a client
/// that opens them without a request must not use them up. A proxy's are its visitors', so it is not bounded.
/// </summary>
/// <param name="options">The limit, and the proxies.</param>
/// <param name="refused">Called with the address of a connection that was refused.</param>
internal sealed class AddressConnections(WebOptions options, Action<string> refused)
{
    private readonly OpenCounts<string> _open = new();

    public void AddTo(ListenOptions listen) => listen.Use(next => connection => TakeAsync(connection, next));

    private async Task TakeAsync(ConnectionContext connection, ConnectionDelegate next)
    {
        if (connection.RemoteEndPoint is not IPEndPoint { Address: var address } || IsProxy(address))
        {
            await next(connection);
            return;
        }

        var key = AddressRates.Address(address);
        try
        {
            if (_open.Enter(key) > options.Limits.ConnectionsAtOnce)
            {
                refused(key);
                connection.Abort();
                return;
            }

            await next(connection);
        }
        finally
        {
            _open.Leave(key);
        }
    }

    private bool IsProxy(IPAddress address)
    {
        var plain = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        return Array.Exists(options.Proxies, proxy =>
            IPAddress.TryParse(proxy, out var one) ? one.Equals(plain) : System.Net.IPNetwork.TryParse(proxy, out var network) && network.Contains(plain));
    }
}
