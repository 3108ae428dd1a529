using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Xunit;

namespace Sandbox.EndToEnd.Tests;

/// <summary>Every byte that a visitor sends or a program prints arrives, of any value.</summary>
public sealed class BytesTests(Instance instance, Chromium chromium)
{
    [Fact]
    public async Task A_paste_of_a_megabyte_arrives_whole_and_in_order_between_its_brackets()
    {
        await using var visitor = await Visitor.ArriveAsync(instance, chromium);
        await visitor.LaunchAsync("debian");

        // At bash's own prompt a paste is text and no command until Enter.
        await visitor.PasteAsync("echo first-$((6*7))\necho second-$((6*7))");
        await visitor.SeesAsync(text => text.EndsWith("echo second-$((6*7))", StringComparison.Ordinal), "the paste at the prompt");
        Assert.DoesNotContain("first-42", await visitor.ScreenAsync(), StringComparison.Ordinal);
        await visitor.Page.Keyboard.PressAsync("Enter");
        await visitor.SeesLineAsync("second-42");
        await visitor.PasteAsync("echo größe-漢字-😀");
        await visitor.SeesAsync(text => text.EndsWith("echo größe-漢字-😀", StringComparison.Ordinal), "letters of other languages at the prompt");
        await visitor.Page.Keyboard.PressAsync("Enter");
        await visitor.SeesLineAsync("größe-漢字-😀");

        var text = new StringBuilder();
        for (var line = 0; text.Length < 900_000; line++)
        {
            text.Append(CultureInfo.InvariantCulture, $"{line} ü€𝄞漢字 the quick brown fox jumps over the lazy dog\n");
        }

        var pasted = Encoding.UTF8.GetBytes("\e[200~" + text + "\e[201~\n");
        Assert.InRange(pasted.Length, 1_000_000, 1_300_000);
        await visitor.TypeAsync("printf '\\033[?2004h'; echo asked-$((6*7)); cat > /tmp/paste; sha256sum /tmp/paste | cut -c1-32; echo over-$((6*7))");
        // Not the brackets that the shell asked for at its prompt, and takes back before it runs a command.
        await visitor.SeesLineAsync("asked-42");
        await visitor.PasteAsync(text.ToString());
        await visitor.Page.Keyboard.PressAsync("Enter");
        await visitor.Page.Keyboard.PressAsync("Control+d");
        await visitor.SeesLineAsync("over-42");
        await visitor.SeesLineAsync(Convert.ToHexStringLower(SHA256.HashData(pasted))[..32]);
    }

    [Fact]
    public async Task Letters_that_arrive_byte_by_byte_are_whole()
    {
        await using var visitor = await Visitor.ArriveAsync(instance, chromium);
        await visitor.LaunchAsync("busybox");
        var bytes = string.Concat(Encoding.UTF8.GetBytes("aé€漢𝄞👍z").Select(octet => $"\\\\x{octet:x2} "));
        await visitor.TypeAsync($"for b in {bytes}; do printf \"$b\"; sleep 0.03; done; echo");
        await visitor.SeesLineAsync("aé€漢𝄞👍z");

        // Bytes that are no UTF-8 are shown as replacement characters, and the text after them is intact.
        await visitor.TypeAsync("printf 'x\\xff\\xc3\\x28\\xe2\\x82y-%s\\n' $((6*7))");
        await visitor.SeesAsync(text => text.Contains("y-42", StringComparison.Ordinal), "what follows broken bytes");
    }

    [Fact]
    public async Task A_terminal_is_usable_after_megabytes_of_noise()
    {
        await using var visitor = await Visitor.ArriveAsync(instance, chromium);
        var sockets = 0;
        visitor.Page.WebSocket += (_, socket) => sockets += socket.Url.Contains("/hubs/terminal", StringComparison.Ordinal) ? 1 : 0;
        await visitor.LaunchAsync("busybox");
        Assert.Equal(1, sockets);
        await visitor.TypeAsync("head -c 5000000 /dev/urandom; touch /tmp/over");
        var over = await visitor.FileAsync("tmp/over");
        await Eventually.TrueAsync(async () => (await visitor.Context.APIRequest.GetAsync(over)).Ok, "the end of the noise", TimeSpan.FromMinutes(2));

        await visitor.SetRightAsync();
        Assert.Equal(1, sockets);
    }
}
