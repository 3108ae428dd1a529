using Sandbox.Core.Errors;
using Sandbox.Web.Registry;
using Xunit;

namespace Sandbox.Web.Tests.Registry;

public sealed class PushAllowanceTests
{
    [Theory]
    [InlineData(100L << 30, 3L << 30)]
    [InlineData(16L << 30, 1L << 30)]
    public async Task An_upload_stops_before_the_disk_is_what_sandboxes_end_for(long disk, long kept)
    {
        var free = kept + (1 << 20);
        var allowance = new PushAllowance(null!, new PushRoom(() => (disk, free)), new WebOptions(), TimeProvider.System);
        var uploads = new PushAllowance.Uploads();
        using var lease = new PushAllowance.PushLease(allowance, uploads, room: long.MaxValue, most: long.MaxValue);
        using var sent = new MemoryStream(new byte[256 * 1024]);
        await using var body = new CountedBody(sent, lease);
        var buffer = new byte[64 * 1024];

        await body.ReadExactlyAsync(buffer, TestContext.Current.CancellationToken);
        free = kept - 1; // others took it
        var fault = await Assert.ThrowsAsync<SandboxException>(() => body.ReadExactlyAsync(buffer, TestContext.Current.CancellationToken).AsTask());

        Assert.Equal(ErrorCode.DiskFull, fault.Code);
        Assert.Equal(buffer.Length, uploads.Bytes);
    }
}
