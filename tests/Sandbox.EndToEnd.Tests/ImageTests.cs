using System.Collections.Concurrent;
using System.Globalization;
using Xunit;

namespace Sandbox.EndToEnd.Tests;

/// <summary>Inline images. The code that shows them is loaded with the first.</summary>
public sealed class ImageTests(Instance instance, Chromium chromium)
{
    /// <summary>The colours of the image that covers a line of the terminal, as counts by `r,g,b`.</summary>
    private const string Colours =
        """
        () => {
          const host = document.querySelector('.ws-pane.focused .ws-terminal:not([hidden]) .ws-xterm');
          const canvas = host.querySelector('canvas.xterm-image-layer');
          if (!canvas) { return {}; }
          const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
          const counts = {};
          for (let at = 0; at < data.length; at += 4) {
            if (data[at + 3] > 0) {
              const colour = [data[at], data[at + 1], data[at + 2]].join(',');
              counts[colour] = (counts[colour] ?? 0) + 1;
            }
          }
          return counts;
        }
        """;

    /// <summary>32 by 12 pixels of pure red: colour 1, then sixels of all six rows, twice.</summary>
    private const string Sixel = "\\033Pq\"1;1;32;12#1;2;100;0;0#1!32~-!32~\\033\\\\";

    [Fact]
    public async Task A_sixel_loads_its_code_and_text_around_it_stays_in_order()
    {
        await using var visitor = await Visitor.ArriveAsync(instance, chromium);
        var loads = new ConcurrentQueue<string>();
        visitor.Page.Request += (_, request) => loads.Enqueue(request.Url);
        await visitor.LaunchAsync("busybox");
        await visitor.TypeAsync("echo some-$((6*7))");
        await visitor.SeesLineAsync("some-42");
        Assert.DoesNotContain(loads, IsImages);

        await visitor.TypeAsync($"clear; printf 'be''fore\\n{Sixel}\\naf''ter\\n'; echo end-$((6*7))");
        await visitor.SeesLineAsync("end-42");
        Assert.Single(loads, IsImages);
        await Eventually.TrueAsync(async () => (await ColoursAsync(visitor)).TryGetValue("255,0,0", out var red) && red >= 32 * 12, "the red of the sixel");
        var lines = (await visitor.ScreenAsync()).Split('\n');
        var after = Array.FindIndex(lines, line => line.EndsWith("after", StringComparison.Ordinal));
        Assert.True(Array.IndexOf(lines, "before") is var before && before >= 0 && after > before && Array.IndexOf(lines, "end-42") > after, string.Join('\n', lines));

        // The second one goes straight to it.
        await visitor.TypeAsync($"clear; printf '{Sixel.Replace("100;0;0", "0;0;100", StringComparison.Ordinal)}\\n'; echo next-$((6*7))");
        await visitor.SeesLineAsync("next-42");
        await Eventually.TrueAsync(async () => (await ColoursAsync(visitor)).TryGetValue("0,0,255", out var blue) && blue >= 32 * 12, "the blue of the second sixel");
        Assert.Single(loads, IsImages);

        // A page that comes later sees what was printed before.
        await visitor.Page.ReloadAsync();
        await visitor.ShellAsync();
        await Eventually.TrueAsync(async () => (await ColoursAsync(visitor)).ContainsKey("0,0,255"), "the sixel after a reload");
    }

    [Fact]
    public async Task An_iTerm_image_is_shown_and_invalid_data_shows_nothing()
    {
        await using var visitor = await Visitor.ArriveAsync(instance, chromium);
        await visitor.LaunchAsync("busybox");

        // 16 by 16 pixels of pure green, as a browser writes it.
        var png = await visitor.Page.EvaluateAsync<string>(
            """
            () => {
              const canvas = document.createElement('canvas');
              canvas.width = canvas.height = 16;
              const context = canvas.getContext('2d');
              context.fillStyle = '#00ff00';
              context.fillRect(0, 0, 16, 16);
              return canvas.toDataURL('image/png').split(',')[1];
            }
            """);
        var size = Convert.FromBase64String(png).Length;
        await visitor.TypeAsync("clear; printf '\\033]1337;File=inline=1;size=9:bm90YW5wbmc=\\a'; echo none-$((6*7))");
        await visitor.SeesLineAsync("none-42");
        Assert.Empty(await ColoursAsync(visitor));
        await visitor.TypeAsync($"clear; printf '\\033]1337;File=inline=1;size={size}:%s\\a\\n' {png}; echo end-$((6*7))");
        await visitor.SeesLineAsync("end-42");
        await Eventually.TrueAsync(async () => (await ColoursAsync(visitor)).TryGetValue("0,255,0", out var green) && green >= 16 * 16, "the green of the image");
    }

    [Fact]
    public async Task An_image_that_is_too_large_for_memory_is_left_out()
    {
        await using var visitor = await Visitor.ArriveAsync(instance, chromium);
        await visitor.LaunchAsync("busybox");
        await visitor.TypeAsync("clear; printf '\\033Pq\"1;1;60000;60000#1;2;100;0;0#1!60000~\\033\\\\'; for i in $(seq 1 700); do printf '#1!60000~-'; done | (printf '\\033Pq'; cat; printf '\\033\\\\'); echo end-$((6*7))");
        await visitor.SeesLineAsync("end-42");
        Assert.DoesNotContain("255,0,0", (await ColoursAsync(visitor)).Keys);
        await visitor.TypeAsync($"clear; printf '{Sixel}\\n'; echo small-$((6*7))");
        await visitor.SeesLineAsync("small-42");
        await Eventually.TrueAsync(async () => (await ColoursAsync(visitor)).ContainsKey("255,0,0"), "a small one after it");
    }

    [Fact]
    public async Task An_image_is_measured_and_not_trusted_about_its_size()
    {
        await using var visitor = await Visitor.ArriveAsync(instance, chromium);
        await visitor.Page.AddInitScriptAsync("window.decoded = 0; const decode = createImageBitmap; window.createImageBitmap = (...image) => { window.decoded++; return decode(...image); };");
        await visitor.LaunchAsync("busybox");

        // 60,000 by 60,000 pixels each, but 8 by 8 for a careless reader: one that mistakes the fill byte before the
        // frame's header for a marker goes on C000 bytes further, within a comment; and a frame that is larger than its
        // screen.
        const string Fake = "FFC0000B080008000801011100";
        var comment = new string('0', 18) + string.Concat(Enumerable.Repeat(Fake, 5039)) + "0000";
        var jpeg = Convert.FromHexString($"FFD8FFE000040000FFFFC0000B08EA60EA6001011100FFFEFFF0{comment}FFDA0008010100003F00FFD9");
        var gif = Convert.FromHexString("47494638396108000800000000" + "2C0000000060EA60EA00" + "02024401003B");
        await visitor.PutAsync("tmp/jpeg", Inline(jpeg));
        await visitor.PutAsync("tmp/gif", Inline(gif));
        await visitor.TypeAsync("clear; cat /tmp/jpeg /tmp/gif; echo bombs-$((6*7))");
        await visitor.SeesLineAsync("bombs-42");
        Assert.Equal(0, await visitor.Page.EvaluateAsync<int>("() => window.decoded"));

        // The same screen with a frame of one pixel within it.
        gif = Convert.FromHexString("47494638396108000800800000FF0000FF0000" + "2C0000000001000100000202440100" + "3B");
        await visitor.PutAsync("tmp/gif", Inline(gif));
        await visitor.TypeAsync("clear; cat /tmp/gif; echo small-$((6*7))");
        await visitor.SeesLineAsync("small-42");
        Assert.Equal(1, await visitor.Page.EvaluateAsync<int>("() => window.decoded"));
    }

    [Fact]
    public async Task Past_two_hundred_images_the_oldest_go()
    {
        await using var visitor = await Visitor.ArriveAsync(instance, chromium);
        await visitor.LaunchAsync("busybox");
        var red = Sixel.Replace("\\033", "\e", StringComparison.Ordinal).Replace("\\\\", "\\", StringComparison.Ordinal);
        var dots = string.Concat(Enumerable.Range(0, 150).Select(dot => $"\ePq#1;2;0;0;100#1@\e\\{(dot % 50 == 49 ? "\r\n" : "\e[C")}"));
        await visitor.PutAsync("tmp/red", System.Text.Encoding.ASCII.GetBytes(red + "\r\n" + dots));
        await visitor.PutAsync("tmp/dots", System.Text.Encoding.ASCII.GetBytes(dots));
        await visitor.TypeAsync("clear; cat /tmp/red; echo few-$((6*7))");
        await visitor.SeesLineAsync("few-42");
        await Eventually.TrueAsync(async () => await ColoursAsync(visitor) is var few && few.ContainsKey("255,0,0") && few.ContainsKey("0,0,255"), "the first image and those after it");
        await visitor.TypeAsync("cat /tmp/dots; echo many-$((6*7))");
        await visitor.SeesLineAsync("many-42");
        await Eventually.TrueAsync(
            async () =>
            {
                // Pixels stay until their line is painted again.
                await visitor.Page.EvaluateAsync("() => { const { terminal } = document.querySelector('.ws-pane.focused .ws-terminal:not([hidden]) .ws-xterm'); terminal.refresh(0, terminal.rows - 1); }");
                return await ColoursAsync(visitor) is var many && !many.ContainsKey("255,0,0") && many.ContainsKey("0,0,255");
            },
            "the first image gone");
    }

    [Fact]
    public async Task Most_of_thousands_of_images_in_a_moment_are_not_decoded()
    {
        await using var visitor = await Visitor.ArriveAsync(instance, chromium);
        await visitor.Page.AddInitScriptAsync("window.made = 0; const { prototype } = CanvasRenderingContext2D; const put = prototype.putImageData; prototype.putImageData = function (...image) { window.made++; return put.apply(this, image); };");
        await visitor.LaunchAsync("busybox");
        await visitor.PutAsync("tmp/dots", System.Text.Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("\ePq#1;2;0;0;100#1@\e\\\r\n", 20_000))));
        await visitor.TypeAsync("cat /tmp/dots; echo dots-$((6*7))");
        await visitor.SeesLineAsync("dots-42");
        Assert.InRange(await visitor.Page.EvaluateAsync<int>("() => window.made"), 900, 15_000);
    }

    [Fact]
    public async Task A_program_learns_that_images_are_shown()
    {
        await using var visitor = await Visitor.ArriveAsync(instance, chromium);
        await visitor.LaunchAsync("debian");
        await visitor.TypeAsync("IFS= read -rs -d c -t 40 -p $'\\e[c' answer; printf '%q\\n' \"$answer\"");
        await visitor.SeesLineAsync("$'\\E[?62;4;9;22'");
        await visitor.TypeAsync("IFS= read -rs -d t -t 40 -p $'\\e[16t' answer; printf '%q\\n' \"$answer\"");
        await visitor.SeesAsync(text => text.Split('\n').Any(line => line.StartsWith("$'\\E[6;", StringComparison.Ordinal) && line.Trim('\'').Split(';') is [_, var height, var width] && int.TryParse(height, CultureInfo.InvariantCulture, out var high) && high > 5 && int.TryParse(width, CultureInfo.InvariantCulture, out var wide) && wide > 3), "the size of a letter");
    }

    private static byte[] Inline(byte[] file) => System.Text.Encoding.ASCII.GetBytes($"\e]1337;File=inline=1;size={file.Length}:{Convert.ToBase64String(file)}\a");

    private static bool IsImages(string url) => url.Contains("addon-image", StringComparison.Ordinal);

    private static Task<Dictionary<string, int>> ColoursAsync(Visitor visitor) => visitor.Page.EvaluateAsync<Dictionary<string, int>>(Colours);
}
