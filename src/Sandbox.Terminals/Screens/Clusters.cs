using System.Text;

namespace Sandbox.Terminals.Screens;

/// <summary>
/// Texts of cells that hold more than one code point. Their number and length are bounded, whatever a program stacks;
/// those that no cell shows any more are let go of.
/// </summary>
internal sealed class Clusters
{
    private const int MostTexts = 4096;
    private const int MostCharacters = 16;

    // Looking for texts that are not shown goes over the whole screen: not again before so many were refused.
    private const int MostRefused = 64 * 1024;

    private readonly List<string> _texts = [];
    private int _refused = MostRefused;

    public string this[uint cell] => _texts[(int)(cell & Cell.Text)];

    /// <summary>Stacks one more code point on a cell, unless there is no room.</summary>
    public void Stack(ref Cell cell, int code, Func<ScreenRow[]> shown)
    {
        if (_texts.Count >= MostTexts)
        {
            if (_refused++ < MostRefused)
            {
                return;
            }

            LetGo(shown());
            _refused = _texts.Count < MostTexts / 2 ? MostRefused : 0;
        }

        var before = (cell.Content & Cell.IsCluster) != 0 ? this[cell.Content] : char.ConvertFromUtf32(Valid((int)(cell.Content & Cell.Text)));
        if (before.Length < MostCharacters && _texts.Count < MostTexts)
        {
            _texts.Add(before + char.ConvertFromUtf32(Valid(code)));
            cell.Content = (cell.Content & ~Cell.HasText) | Cell.IsCluster | (uint)(_texts.Count - 1);
        }
    }

    private static int Valid(int code) => Rune.IsValid(code) ? code : Rune.ReplacementChar.Value;

    private void LetGo(ScreenRow[] shown)
    {
        var kept = new Dictionary<uint, uint>();
        var texts = new List<string>();
        foreach (var row in shown)
        {
            foreach (ref var cell in row.Cells.AsSpan())
            {
                if ((cell.Content & Cell.IsCluster) == 0)
                {
                    continue;
                }

                var old = cell.Content & Cell.Text;
                if (!kept.TryGetValue(old, out var number))
                {
                    kept[old] = number = (uint)texts.Count;
                    texts.Add(_texts[(int)old]);
                }

                cell.Content = (cell.Content & ~Cell.Text) | number;
            }
        }

        _texts.Clear();
        _texts.AddRange(texts);
    }
}
