using Sandbox.Core.Errors;
using Xunit;

namespace Sandbox.Web.Tests;

public sealed class CatalogOfferTests
{
    [Fact]
    public async Task Sandboxes_pull_what_visitors_see()
    {
        await using var web = await WebUnderTest.StartAsync(catalog: ["busybox", "debian"]);
        using var desk = await web.NewOperatorAsync();
        await UntilOfferedAsync(web, "busybox:latest", "debian:latest", "library/busybox:latest", "library/debian:latest");
        Assert.Equal((string?)(await desk.GetAsync("/api/v1/images")).Json!.AsArray().Single(image => (string?)image!["name"] == "debian")!["digest"], web.Runtime.Offered["library/debian:latest"].Value);

        Assert.Equal(204, (await desk.PostAsync("/api/v1/admin/images/debian/hide")).Status);
        await UntilOfferedAsync(web, "busybox:latest", "library/busybox:latest");
        Assert.Equal(202, (await desk.PostAsync("/api/v1/admin/images", new { name = "cache", reference = "docker.io/library/redis:7" })).Status);
        await UntilOfferedAsync(web, "busybox:latest", "cache:7", "cache:latest", "library/busybox:latest", "library/cache:7", "library/cache:latest");
        Assert.Equal(204, (await desk.DeleteAsync("/api/v1/admin/images/cache")).Status);
        await UntilOfferedAsync(web, "busybox:latest", "library/busybox:latest");
    }

    [Fact]
    public async Task An_offer_waits_for_the_daemon()
    {
        var isThere = false;
        await using var web = await WebUnderTest.StartAsync(runtime: runtime => runtime.Before = (call, _) =>
            call != "OfferImages" || Volatile.Read(ref isThere) ? Task.CompletedTask : throw new SandboxException(ErrorCode.RuntimeUnavailable, "The daemon does not answer."));
        await WebUnderTest.Until(() => Task.FromResult(web.Runtime.Calls.Contains("OfferImages")));
        Assert.Empty(web.Runtime.Offered);

        Volatile.Write(ref isThere, true);

        await UntilOfferedAsync(web, "busybox:latest", "library/busybox:latest");
    }

    private static Task UntilOfferedAsync(WebUnderTest web, params string[] names) =>
        WebUnderTest.Until(() => Task.FromResult(web.Runtime.Offered.Keys.Order(StringComparer.Ordinal).SequenceEqual(names, StringComparer.Ordinal)));
}
