using System.Buffers;
using System.Text;
using Sandbox.Web.Recordings;
using Xunit;

namespace Sandbox.Web.Tests.Recordings;

public sealed class CastWriterTests
{
    [Fact]
    public void However_the_bytes_are_cut_the_text_is_the_same()
    {
        var random = new Random(20261125);
        for (var round = 0; round < 400; round++)
        {
            var bytes = Bytes(random);
            Assert.Equal(Encoding.UTF8.GetString(bytes), Written(random, bytes).Output);
        }
    }

    [Fact]
    public void Two_of_every_pair_of_bytes_make_valid_json()
    {
        var pairs = new byte[2 * 65536];
        for (var pair = 0; pair < 65536; pair++)
        {
            pairs[2 * pair] = (byte)(pair >> 8);
            pairs[(2 * pair) + 1] = (byte)pair;
        }

        Assert.Equal(Encoding.UTF8.GetString(pairs), Written(new Random(1), pairs).Output);
    }

    [Fact]
    public void A_header_sizes_and_marks_are_written_as_the_format_says()
    {
        var lines = new ArrayBufferWriter<byte>();
        using (var writer = new CastWriter(lines))
        {
            writer.Header(80, 24, DateTimeOffset.FromUnixTimeSeconds(1_764_097_200), "My \"shell\" ☂");
            writer.Output(250, writer.Decode("$ ls\r\n"u8));
            writer.Resize(1500, 120, 40);
            writer.Mark(1400, "make test");
        }

        Assert.Equal(
            """
            {"version":2,"width":80,"height":24,"timestamp":1764097200,"title":"My \"shell\" ☂","env":{"TERM":"xterm-256color"}}
            [0.25,"o","$ ls\r\n"]
            [1.5,"r","120x40"]
            [1.5,"m","make test"]

            """,
            Encoding.UTF8.GetString(lines.WrittenSpan));
    }

    private static byte[] Bytes(Random random)
    {
        var text = new List<byte>();
        for (var part = random.Next(1, 20); part > 0; part--)
        {
            text.AddRange(random.Next(6) switch
            {
                0 => "plain \r\n"u8,
                1 => "ü☂🦀"u8,
                2 => "\e[31m\e]0;title\a"u8,
                3 => [0xF0, 0x9F],
                4 => [0xE2, 0x82, 0x41, 0xFF, 0xC0],
                _ => [(byte)random.Next(256), (byte)random.Next(256)],
            });
        }

        return [.. text];
    }

    private static Cast Written(Random random, byte[] bytes)
    {
        var lines = new ArrayBufferWriter<byte>();
        using (var writer = new CastWriter(lines))
        {
            writer.Header(80, 24, DateTimeOffset.UnixEpoch, "x");
            for (var at = 0; at < bytes.Length;)
            {
                var count = Math.Min(random.Next(1, 9), bytes.Length - at);
                writer.Output(at, writer.Decode(bytes.AsSpan(at, count)));
                at += count;
                Assert.InRange(writer.Begun, 0, 3);
            }

            writer.Output(bytes.Length, writer.DecodeRest());
        }

        return new Cast(lines.WrittenSpan.ToArray());
    }
}
