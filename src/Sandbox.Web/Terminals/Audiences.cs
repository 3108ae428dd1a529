using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using Sandbox.Core.Errors;
using Sandbox.Core.Playgrounds;
using Sandbox.Core.Terminals;
using Sandbox.Web.Lifecycle;

namespace Sandbox.Web.Terminals;

/// <summary>Who is on which terminal, of those that anybody was on since this process started.</summary>
internal sealed class Audiences(TimeProvider time) : IWhenPlaygroundEnds
{
    private const int MostName = 32;

    private readonly ConcurrentDictionary<TerminalId, (PlaygroundId Playground, Audience Audience)> _audiences = new();

    /// <summary>A terminal's audience. The caller has found out that there is such a terminal.</summary>
    public Audience Of(TerminalId terminal, PlaygroundId playground) =>
        _audiences.GetOrAdd(terminal, static (_, made) => (made.playground, new Audience(made.time)), (playground, time)).Audience;

    public Audience? Find(string terminal) =>
        TerminalId.TryParse(terminal, out var id) && _audiences.TryGetValue(id, out var found) ? found.Audience : null;

    /// <summary>The terminal is over; who is still there may see each other until they leave.</summary>
    public void Forget(TerminalId terminal)
    {
        if (_audiences.TryGetValue(terminal, out var found) && found.Audience.IsEmpty)
        {
            _audiences.TryRemove(terminal, out _);
        }
    }

    public void Ended(PlaygroundId playground)
    {
        foreach (var (terminal, found) in _audiences)
        {
            if (found.Playground == playground)
            {
                _audiences.TryRemove(terminal, out _);
            }
        }
    }

    /// <summary>What somebody wants to be called, fit to stand in a line: printable, trimmed. Code: Invalid.</summary>
    public static string Name(string? text)
    {
        if (text is null || text.Length > 4 * MostName)
        {
            throw new SandboxException(ErrorCode.Invalid, $"name: at most {MostName} characters");
        }

        var name = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            // Marks that stack, and signs that turn the line around, would reach into what stands beside the name.
            name.Append(Rune.GetUnicodeCategory(rune) switch
            {
                UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned
                    or UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark => "",
                UnicodeCategory.SpaceSeparator or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator => " ",
                _ => rune == Rune.ReplacementChar ? "" : rune.ToString(),
            });
        }

        var clean = name.ToString().Normalize(NormalizationForm.FormC).Trim();
        return clean.Length is > 0 and <= MostName ? clean : throw new SandboxException(ErrorCode.Invalid, $"name: 1 to {MostName} characters that can be seen");
    }
}
