using System.Runtime.InteropServices;

namespace Sandbox.Terminals.Screens;

/// <summary>One cell of a screen, laid out as xterm.js does: what the page shows follows from these bits.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct Cell
{
    /// <summary>A code point, or the number of a cluster; nothing is a cell that was never written or was erased.</summary>
    public const uint Text = 0x1FFFFF;
    public const uint IsCluster = 0x200000;
    public const uint HasText = Text | IsCluster;
    public const int WidthShift = 22;

    public const uint ColorMode = 0x3000000;
    public const uint Palette16 = 0x1000000;
    public const uint Palette256 = 0x2000000;
    public const uint Rgb = 0x3000000;
    public const uint RgbMask = 0xFFFFFF;
    public const uint Color = ColorMode | RgbMask;

    public const uint Inverse = 0x4000000;
    public const uint Bold = 0x8000000;
    public const uint Underline = 0x10000000;
    public const uint Blink = 0x20000000;
    public const uint Invisible = 0x40000000;
    public const uint Strikethrough = 0x80000000;

    public const uint Italic = 0x4000000;
    public const uint Dim = 0x8000000;
    public const uint IsExtended = 0x10000000;
    public const uint Overline = 0x40000000;

    /// <summary>In <see cref="Extended"/>, above the colour of the underline.</summary>
    public const int UnderlineShift = 26;
    public const uint UnderlineStyle = 0x1C000000;

    public uint Content;
    public uint Foreground;
    public uint Background;

    /// <summary>Counts when the background says <see cref="IsExtended"/>.</summary>
    public uint Extended;

    /// <summary>Columns it takes: 2 for a wide character, 0 for the second half of one.</summary>
    public readonly int Width => (int)(Content >> WidthShift);

    public readonly bool IsBlank => (Content & HasText) == 0;

    /// <summary>An erased cell, with a background colour and nothing else.</summary>
    public static Cell Erased(uint background) => new() { Content = 1u << WidthShift, Background = background & Color };

    public static Cell Of(uint code, int width, in Pen pen) => new()
    {
        Content = code | ((uint)width << WidthShift),
        Foreground = pen.Foreground,
        Background = pen.Background,
        Extended = pen.Extended,
    };

    public readonly bool LooksLike(in Cell other) =>
        Foreground == other.Foreground && Background == other.Background && Extended == other.Extended;
}

/// <summary>The attributes that what is printed next gets.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct Pen
{
    public uint Foreground;
    public uint Background;
    public uint Extended;
}
