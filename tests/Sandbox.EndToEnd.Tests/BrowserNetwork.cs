using System.ComponentModel;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;
using Sandbox.EndToEnd.Tests.Contract;

[assembly: SupportedOSPlatform("linux")]

namespace Sandbox.EndToEnd.Tests;

/// <summary>
/// A network namespace for browsers, in which the instance has the same address as outside. Chromium drops requests and
/// connections whenever the host gets or loses a link, and every sandbox that starts or ends elsewhere is one: no visitor's
/// browser runs on the server. Each connection reaches the instance from an address of its own, because rates are counted
/// by address.
/// </summary>
internal sealed partial class BrowserNetwork : IAsyncDisposable
{
    private const int NewNetwork = 0x40000000; // CLONE_NEWNET

    /// <summary>
    /// A link that leads nowhere: without one, <c>navigator.onLine</c> is false. Its ends make no IPv6 addresses: the kernel
    /// takes some seconds over those, and each is a change of the network to a browser that has begun to load a page.
    /// </summary>
    private static readonly string[] Links =
    [
        "link set lo up",
        "link add eth0 type veth peer name eth1",
        "link set eth0 addrgenmode none",
        "link set eth1 addrgenmode none",
        "address add 192.0.2.1/24 dev eth0",
        "link set eth0 up",
        "link set eth1 up",
    ];

    private readonly SafeFileHandle _namespace;
    private readonly Socket _listener;
    private readonly Task _served;

    private BrowserNetwork(SafeFileHandle ofNamespace, Socket listener, ForeignPages pages)
    {
        Pages = pages;
        _namespace = ofNamespace;
        _listener = listener;
        _served = ServeAsync();
    }

    /// <summary>Pages of another site.</summary>
    public ForeignPages Pages { get; }

    /// <summary>Makes one, with the port of the instance on its loopback address.</summary>
    public static BrowserNetwork Make(int port)
    {
        StartSockets();
        var made = InThread(() =>
        {
            Check(Unshare(NewNetwork));
            return File.OpenHandle("/proc/thread-self/ns/net");
        });
        foreach (var link in Links)
        {
            Ip(made, link);
        }

        // The kernel says this up to a second later: for a browser, another change of the network.
        if (!SpinWait.SpinUntil(() => Ip(made, "-brief link show dev eth0").Contains(" UP ", StringComparison.Ordinal), TimeSpan.FromSeconds(10)))
        {
            throw new IOException("the link of the browsers' network stays down");
        }

        var (instance, pages) = InThread(() =>
        {
            Check(SetNamespace(made, NewNetwork));
            return (Listen(IPAddress.Loopback, port), Listen(ForeignPages.Address, port));
        });
        if (!SpinWait.SpinUntil(AllAreOutside, TimeSpan.FromSeconds(10)))
        {
            throw new IOException("a thread stayed in the network of the browsers");
        }

        return new BrowserNetwork(made, instance, new ForeignPages(pages));
    }

    /// <summary>Writes a script that runs a program in this network.</summary>
    public void WriteStarter(string path, string program)
    {
        File.WriteAllText(path, $"#!/bin/sh\nexec nsenter --net={Path(_namespace)} -- {program} \"$@\"\n");
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserExecute);
    }

    public async ValueTask DisposeAsync()
    {
        _listener.Dispose();
        await _served;
        await Pages.DisposeAsync();
        _namespace.Dispose();
    }

    /// <returns>The output.</returns>
    private static string Ip(SafeFileHandle inNamespace, string arguments)
    {
        using var ip = Process.Start(new ProcessStartInfo("nsenter", [$"--net={Path(inNamespace)}", "ip", .. arguments.Split(' ')]) { RedirectStandardOutput = true, UseShellExecute = false })!;
        var output = ip.StandardOutput.ReadToEnd();
        ip.WaitForExit();
        return ip.ExitCode == 0 ? output : throw new IOException($"ip {arguments} ended with {ip.ExitCode}");
    }

    /// <summary>
    /// Works in a thread that enters the namespace and ends. It must start no other thread, as asynchronous work does: a thread
    /// begins in the network of the one that started it, and one of the pool would take other tests there.
    /// </summary>
    private static T InThread<T>(Func<T> work)
    {
        T? made = default;
        Exception? failure = null;
        var thread = new Thread(() =>
        {
            try
            {
                made = work();
            }
            catch (Exception fault) when (fault is Win32Exception or IOException or SocketException)
            {
                failure = fault;
            }
        });
        thread.Start();
        thread.Join();
        return failure is null ? made! : throw new IOException("no network namespace for the browsers", failure);
    }

    /// <summary>The runtime starts a thread for all sockets with the first of them, and that one starts workers of the pool.</summary>
    private static void StartSockets()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var accepted = listener.AcceptSocketAsync();
        using var client = new TcpClient();
        client.Connect((IPEndPoint)listener.LocalEndpoint);
        accepted.GetAwaiter().GetResult().Dispose();
    }

    private static bool AllAreOutside()
    {
        var own = new FileInfo("/proc/self/ns/net").LinkTarget;
        return Directory.EnumerateDirectories("/proc/self/task").All(thread => new FileInfo(thread + "/ns/net").LinkTarget is not { } network || network == own);
    }

    private static Socket Listen(IPAddress address, int port)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(address, port));
        socket.Listen();
        return socket;
    }

    private static string Path(SafeFileHandle opened) => $"/proc/{Environment.ProcessId}/fd/{opened.DangerousGetHandle()}";

    private static void Check(int result)
    {
        if (result != 0)
        {
            throw new Win32Exception(Marshal.GetLastPInvokeError());
        }
    }

    private async Task ServeAsync()
    {
        while (true)
        {
            Socket browser;
            try
            {
                browser = await _listener.AcceptAsync();
            }
            catch (Exception over) when (over is SocketException or ObjectDisposedException)
            {
                return;
            }

            _ = ForwardAsync(browser);
        }
    }

    private static async Task ForwardAsync(Socket browser)
    {
        using var here = browser;
        here.NoDelay = true;
        try
        {
            using var instance = await Caller.ConnectSocketAsync(Caller.NewAddress(), CancellationToken.None);
            await Task.WhenAll(CopyAsync(here, instance), CopyAsync(instance, here));
        }
        catch (SocketException)
        {
            here.Close(0); // nobody listens: a reset is as near to a refusal as an accepted connection comes
        }
    }

    /// <summary>Copies one direction to its end, and passes the end on; a reset of either side cuts both.</summary>
    private static async Task CopyAsync(Socket from, Socket to)
    {
        var buffer = new byte[64 * 1024];
        try
        {
            for (int read; (read = await from.ReceiveAsync(buffer)) > 0;)
            {
                for (var sent = 0; sent < read;)
                {
                    sent += await to.SendAsync(buffer.AsMemory(sent, read - sent));
                }
            }

            to.Shutdown(SocketShutdown.Send);
        }
        catch (Exception cut) when (cut is SocketException or ObjectDisposedException)
        {
            from.Close(0);
            to.Close(0);
        }
    }

    [LibraryImport("libc", EntryPoint = "unshare", SetLastError = true)]
    private static partial int Unshare(int flags);

    [LibraryImport("libc", EntryPoint = "setns", SetLastError = true)]
    private static partial int SetNamespace(SafeFileHandle ofNamespace, int kind);
}
