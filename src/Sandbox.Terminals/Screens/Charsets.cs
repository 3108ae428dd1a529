namespace Sandbox.Terminals.Screens;

/// <summary>What letters stand for in the character sets that a program may select, named by the byte that selects them; 0 is ASCII.</summary>
internal static class Charsets
{
    private const string Known = "0AB4C5RQKYE6ZH7=";

    public static bool IsKnown(int final) => final < 0x7F && Known.Contains((char)final, StringComparison.Ordinal);

    public static int Map(byte charset, int code)
    {
        var (from, to) = charset switch
        {
            (byte)'0' => ("`abcdefghijklmnopqrstuvwxyz{|}~", "◆▒␉␌␍␊°±␤␋┘┐┌└┼⎺⎻─⎼⎽├┤┴┬│≤≥π≠£·"),
            (byte)'A' => ("#", "£"),
            (byte)'4' => ("#@[\\]{|}~", "£¾i½|¨f¼´"),
            (byte)'C' or (byte)'5' => ("[\\]^`{|}~", "ÄÖÅÜéäöåü"),
            (byte)'R' => ("#@[\\]{|}~", "£à°ç§éùè¨"),
            (byte)'Q' => ("@[\\]^`{|}~", "àâçêîôéùèû"),
            (byte)'K' => ("@[\\]{|}~", "§ÄÖÜäöüß"),
            (byte)'Y' => ("#@[\\]`{|}~", "£§°çéùàòèì"),
            (byte)'E' or (byte)'6' => ("@[\\]^`{|}~", "ÄÆØÅÜäæøåü"),
            (byte)'Z' => ("#@[\\]{|}", "£§¡Ñ¿°ñç"),
            (byte)'H' or (byte)'7' => ("@[\\]^`{|}~", "ÉÄÖÅÜéäöåü"),
            (byte)'=' => ("#@[\\]^_`{|}~", "ùàéçêîèôäöüû"),
            _ => ("", ""),
        };
        var at = from.IndexOf((char)code, StringComparison.Ordinal);
        return at < 0 ? code : to[at];
    }
}
