using System.Text.Json;
using Microsoft.Playwright;

namespace Sandbox.EndToEnd.Tests;

/// <summary>
/// Watches every terminal of a page from its first byte on: each number of <c>seq 1 N</c> has to come once and in
/// order. The screen keeps only the last ten thousand lines, and this sees all of them.
/// </summary>
internal static class NumbersOnTheWire
{
    private const string Script =
        """
        (() => {
          const seen = window.numbers = { first: 0, last: 0, count: 0, gaps: 0, mistake: '' };
          let line = '';
          let whole = true;
          const take = text => {
            const lines = (line + text).split('\n');
            line = lines.pop();
            for (const one of lines) {
              const number = /^(\d+)\r$/.exec(one)?.[1];
              if (number === undefined) {
                continue;
              }
              if (!whole) {
                // The first line after a gap may be the end of one.
                whole = true;
                continue;
              }
              const value = Number(number);
              if (seen.last > 0 && value !== seen.last + 1) {
                seen.mistake ||= `${value} came after ${seen.last}`;
              }
              seen.first ||= value;
              seen.last = value;
              seen.count++;
            }
          };
          Object.defineProperty(HTMLElement.prototype, 'terminal', {
            configurable: true,
            get() { return this.watched; },
            set(terminal) {
              this.watched = terminal;
              const write = terminal.write.bind(terminal);
              terminal.write = (data, parsed) => {
                if (typeof data === 'string') {
                  // The page's own mark of missing bytes.
                  seen.gaps++;
                  whole = false;
                  line = '';
                } else {
                  const text = new TextDecoder('latin1').decode(data);
                  if (text.startsWith('\x1b]7770;')) {
                    // The screen in place of bytes that are not kept: counting goes on after it.
                    seen.first = seen.last = seen.count = 0;
                    whole = false;
                    line = '';
                  } else {
                    take(text);
                  }
                }
                write(data, parsed);
              };
            },
          });
        })();
        """;

    public static Task WatchAsync(IPage page) => page.AddInitScriptAsync(Script);

    public static async Task<(long First, long Last, long Count, int Gaps, string Mistake)> SeenAsync(IPage page)
    {
        var seen = await page.EvaluateAsync<JsonElement>("() => window.numbers");
        return (seen.GetProperty("first").GetInt64(), seen.GetProperty("last").GetInt64(), seen.GetProperty("count").GetInt64(), seen.GetProperty("gaps").GetInt32(), seen.GetProperty("mistake").GetString()!);
    }

    public static Task UntilAsync(IPage page, long number) =>
        Eventually.TrueAsync(async () => (await SeenAsync(page)).Last >= number, FormattableString.Invariant($"the number {number}"));
}
