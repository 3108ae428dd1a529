using Microsoft.Playwright;
using Xunit;

namespace Sandbox.EndToEnd.Tests;

/// <summary>A visitor's own files, which they drag onto the page.</summary>
internal sealed class Desktop : IDisposable
{
    public string Folder { get; } = Directory.CreateTempSubdirectory("sandbox-drop-").FullName;

    /// <summary>Drops a file with this content on a terminal, whose shell goes to <c>/root</c> first.</summary>
    public async Task DropAsync(Visitor visitor, string name, byte[] bytes)
    {
        var file = Path.Combine(Folder, name);
        await File.WriteAllBytesAsync(file, bytes, TestContext.Current.CancellationToken);
        await visitor.TypeAsync("cd /root && echo there-$((6*7))");
        await visitor.SeesLineAsync("there-42");
        var cdp = await visitor.Context.NewCDPSessionAsync(visitor.Page);
        foreach (var type in new[] { "dragEnter", "dragOver", "drop" })
        {
            await DragAsync(visitor, cdp, type, file);
        }
    }

    /// <summary>Sends one event of a drag, as the browser gets it from the desktop.</summary>
    public static async Task DragAsync(Visitor visitor, ICDPSession cdp, string type, string path)
    {
        var box = (await visitor.Page.Locator(".ws-terminal:not([hidden])").BoundingBoxAsync())!;
        await cdp.SendAsync("Input.dispatchDragEvent", new()
        {
            ["type"] = type,
            ["x"] = box.X + (box.Width / 2),
            ["y"] = box.Y + (box.Height / 2),
            ["data"] = new { items = Array.Empty<object>(), files = new[] { path }, dragOperationsMask = 1 },
        });
    }

    public static Task UploadedAsync(Visitor visitor, string title) =>
        Assertions.Expect(visitor.Page.Locator(".files-tray h2")).ToHaveTextAsync(title, new() { Timeout = (float)Eventually.Patience.TotalMilliseconds });

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
