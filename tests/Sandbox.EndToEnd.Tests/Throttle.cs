using Microsoft.Playwright;

namespace Sandbox.EndToEnd.Tests;

/// <summary>A page whose uploads are slow enough to be cut off in the middle.</summary>
internal sealed class Throttle
{
    private const long BytesPerSecond = 4_000_000;

    private readonly ICDPSession _cdp;

    private Throttle(ICDPSession cdp) => _cdp = cdp;

    public static async Task<Throttle> StartAsync(Visitor visitor)
    {
        var cdp = await visitor.Context.NewCDPSessionAsync(visitor.Page);
        await cdp.SendAsync("Network.enable");
        var throttle = new Throttle(cdp);
        await throttle.SetAsync(BytesPerSecond, isOffline: false);
        return throttle;
    }

    public Task GoOfflineAsync() => SetAsync(BytesPerSecond, isOffline: true);

    public Task EndAsync() => SetAsync(-1, isOffline: false);

    private async Task SetAsync(long bytesPerSecond, bool isOffline) => await _cdp.SendAsync("Network.emulateNetworkConditions", new()
    {
        ["offline"] = isOffline,
        ["latency"] = 0,
        ["downloadThroughput"] = -1,
        ["uploadThroughput"] = bytesPerSecond,
    });
}
