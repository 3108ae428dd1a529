using System.Text;
using Sandbox.Web.Recordings;
using Xunit;

namespace Sandbox.Web.Tests.Recordings;

public sealed class CastFileTests : IDisposable
{
    private const string Header = "{\"version\":2,\"width\":80,\"height\":24}\n";
    private const string First = "[0.5,\"o\",\"one ☂\"]\n";
    private const string Second = "[1.25,\"o\",\"two\"]\n";

    private readonly string _home = Directory.CreateTempSubdirectory("sandbox-cast-").FullName;

    private string File => Path.Combine(_home, "a.cast");

    [Fact]
    public void Wherever_a_file_was_torn_whole_lines_are_left()
    {
        var whole = Encoding.UTF8.GetBytes(Header + First + Second);
        var ends = new[] { Header, Header + First, Header + First + Second }.Select(Encoding.UTF8.GetByteCount).ToArray();
        for (var length = 0; length <= whole.Length; length++)
        {
            foreach (var rest in new byte[][] { [], [0, 0, 0], [(byte)'\n'], "[1,\n{}\n"u8.ToArray() })
            {
                System.IO.File.WriteAllBytes(File, [.. whole[..length], .. rest]);
                var place = CastFile.CutTorn(File);
                var expected = ends.LastOrDefault(end => end <= length);

                // A newline that happens to come next may end the last line after all.
                if (rest is [(byte)'\n'] && ends.Contains(length + 1))
                {
                    expected = length + 1;
                }

                Assert.Equal((length, expected), (length, place.Length));
                Assert.Equal(whole[..expected], System.IO.File.ReadAllBytes(File));
                Assert.Equal(expected == ends[2] ? 1250 : expected == ends[1] ? 500 : 0, place.Last);
            }
        }
    }

    [Fact]
    public void A_file_larger_than_any_line_is_cut_at_its_last_line()
    {
        var line = "[2,\"o\",\"" + new string('x', 400_000) + "\"]\n";
        System.IO.File.WriteAllText(File, Header + line + line + line + line + line[..300_000]);
        Assert.Equal((Header.Length + (4 * line.Length), 2000), (CastFile.CutTorn(File).Length, CastFile.CutTorn(File).Last));
    }

    [Fact]
    public void What_was_appended_and_not_noted_is_cut_off()
    {
        using (var file = CastFile.Create(File))
        {
            file.Append(Encoding.UTF8.GetBytes(Header), null, 0);
            file.Append(Encoding.UTF8.GetBytes(First), 7, 500);
        }

        System.IO.File.AppendAllText(File, Second);
        using (var again = CastFile.Reopen(File, out var place))
        {
            Assert.NotNull(again);
            Assert.Equal(new CastPlace(Encoding.UTF8.GetByteCount(Header + First), 7, 500), place);
            again.Append(Encoding.UTF8.GetBytes(Second), 10, 1250);
        }

        Assert.Equal(Header + First + Second, System.IO.File.ReadAllText(File));
    }

    [Fact]
    public void A_file_without_a_good_note_is_not_gone_on_with()
    {
        using (var file = CastFile.Create(File))
        {
            file.Append(Encoding.UTF8.GetBytes(Header), 3, 0);
        }

        var note = Path.ChangeExtension(File, ".place");
        var good = System.IO.File.ReadAllBytes(note);
        for (var at = 0; at < good.Length; at++)
        {
            var bad = (byte[])good.Clone();
            bad[at] ^= 1;
            System.IO.File.WriteAllBytes(note, bad);
            Assert.Null(CastFile.Reopen(File, out _));
        }

        System.IO.File.WriteAllBytes(note, good[..^1]);
        Assert.Null(CastFile.Reopen(File, out _));
        CastFile.Finish(File);
        Assert.Null(CastFile.Reopen(File, out _));
        CastFile.Delete(File);
        Assert.Null(CastFile.Reopen(File, out _));
        Assert.Equal(default, CastFile.CutTorn(File));
    }

    public void Dispose() => Directory.Delete(_home, recursive: true);
}
