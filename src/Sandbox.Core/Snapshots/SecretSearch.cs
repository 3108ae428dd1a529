using System.Text;

namespace Sandbox.Core.Snapshots;

/// <summary>Searches one file for secrets, given its bytes piece by piece. Memory does not grow with the file.</summary>
public sealed class SecretSearch
{
    private const int MaxFound = 20;
    private const int BinaryAfter = 8000; // as git decides it: a NUL in the first 8000 bytes

    private readonly HashSet<(string Rule, int Line)> _found = [];
    private string _rest = "";
    private int _line = 1;
    private long _seen;

    /// <summary>Whether more bytes could change the result; binary files are not searched.</summary>
    public bool WantsMore { get; private set; } = true;

    /// <summary>The rules that matched, each line once, at most twenty in one file.</summary>
    public IReadOnlyCollection<(string Rule, int Line)> Found => _found;

    /// <summary>Adds the next bytes.</summary>
    public void Add(ReadOnlySpan<byte> bytes)
    {
        if (_seen < BinaryAfter && bytes[..(int)Math.Min(bytes.Length, BinaryAfter - _seen)].Contains((byte)0))
        {
            WantsMore = false;
        }

        _seen += bytes.Length;
        if (WantsMore)
        {
            Look(_rest + Encoding.Latin1.GetString(bytes), isLast: false);
        }
    }

    /// <summary>Says that the file is over.</summary>
    public void Finish()
    {
        if (WantsMore)
        {
            Look(_rest, isLast: true);
        }
    }

    private void Look(string text, bool isLast)
    {
        // What begins before the limit has all its characters here; the rest is looked at again with what follows.
        var limit = isLast ? text.Length : Math.Max(0, text.Length - SecretRules.MaxMatch);
        var counted = 0;
        var line = _line;
        foreach (var (rule, offset) in SecretRules.Search(text))
        {
            if (offset >= limit)
            {
                break;
            }

            line += text.AsSpan(counted, offset - counted).Count('\n');
            counted = offset;
            _found.Add((rule, line));
            if (_found.Count >= MaxFound)
            {
                WantsMore = false;
                return;
            }
        }

        // One character more stays, because a token is one only after something that is no letter.
        var kept = Math.Max(0, limit - 4);
        _line += text.AsSpan(0, kept).Count('\n');
        _rest = text[kept..];
    }
}
