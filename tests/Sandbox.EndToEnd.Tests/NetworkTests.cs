using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using Xunit;

namespace Sandbox.EndToEnd.Tests;

public sealed class NetworkTests(Instance instance)
{
    [Fact]
    public async Task A_sandbox_reaches_the_packages_and_not_the_host()
    {
        await using var guest = await instance.NewGuestAsync();
        var sandbox = await guest.LaunchAsync(new { image = "debian" });

        var update = await guest.ShellAsync(sandbox, "apt-get -q update", timeoutSeconds: 120);
        Assert.True(update.ExitCode == 0 && !update.Output.Contains("Err:", StringComparison.Ordinal), update.Output);

        // On every address of the host stands somebody who would answer, and the web process on its port.
        using var listener = new TcpListener(IPAddress.Any, 0);
        listener.Start();
        var open = ((IPEndPoint)listener.LocalEndpoint).Port;
        var (_, gateway) = await guest.ShellAsync(sandbox, "awk '$2 == \"00000000\" { print $3 }' /proc/net/route");
        var addresses = Addresses();
        Assert.Contains(addresses, address => BitConverter.ToUInt32(address.GetAddressBytes()) == Convert.ToUInt32(gateway.Trim(), 16));
        var answered = 0;
        foreach (var address in addresses)
        {
            try
            {
                using var check = new TcpClient();
                await check.ConnectAsync(address, open, TestContext.Current.CancellationToken);
                using var accepted = await listener.AcceptTcpClientAsync(TestContext.Current.CancellationToken);
                answered++;
            }
            catch (SocketException)
            {
                // The bridge of a playground that has ended since.
                continue;
            }

            foreach (var port in new[] { open, instance.Url.Port })
            {
                var (exitCode, output) = await guest.ShellAsync(sandbox, $"exec timeout 3 bash -c 'exec 3<>/dev/tcp/{address}/{port} && echo connected'");
                if (exitCode == 0 || output.Contains("connected", StringComparison.Ordinal))
                {
                    // An address that another test took away is one of the internet by now, where somebody may answer.
                    Assert.DoesNotContain(address, Addresses());
                    break;
                }
            }
        }

        Assert.True(answered >= 2, "The host's own address and the bridge's were to be tried.");
        Assert.False(listener.Pending(), "Somebody came through.");
    }

    /// <summary>The host's own, but for loopback.</summary>
    private static List<IPAddress> Addresses() =>
    [
        .. NetworkInterface.GetAllNetworkInterfaces()
            .SelectMany(link => link.GetIPProperties().UnicastAddresses)
            .Select(address => address.Address)
            .Where(address => address.AddressFamily == AddressFamily.InterNetwork && !IPAddress.IsLoopback(address)),
    ];
}
