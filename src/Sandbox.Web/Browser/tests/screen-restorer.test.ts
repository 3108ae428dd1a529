import assert from "node:assert/strict";
import { test } from "node:test";
import headless from "@xterm/headless";
import type { Terminal } from "@xterm/xterm";
import { ScreenRestorer } from "../src/terminals/view/screen-restorer";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** As the server draws one: what makes any terminal an empty one, two lines that went up, and a screen of three rows. */
const screen = bytes("\x1b[?1047l\x1b[!p\x1b[H\x1b[2Jup 1\r\nup 2\r\nrow 1\r\nrow 2\r\n$ ");

function make(rows: number) {
  const terminal = new headless.Terminal({ cols: 40, rows, allowProposedApi: true }) as unknown as Terminal;
  const restorer = new ScreenRestorer(terminal, () => undefined);
  const lines = (): string[] => Array.from({ length: terminal.buffer.active.length }, (_, at) => terminal.buffer.active.getLine(at)!.translateToString(true));
  const show = (marker: string, first: boolean): Promise<void> =>
    new Promise(resolve => restorer.show(screen, { cols: 40, rows: 3 }, marker, first, () => undefined, resolve));
  return { terminal, show, lines };
}

for (const rows of [2, 3, 10]) {
  test(`A page of ${rows} rows that comes anew to a screen has the mark as its first line`, async () => {
    const { show, lines } = make(rows);
    await show("gone", true);
    assert.deepEqual(lines().map(line => line.trim()), ["⋯ gone ⋯", "up 1", "up 2", "row 1", "row 2", "$"]);
  });
}

test("A page that was away has what it showed, the mark, and the screen", async () => {
  const { terminal, show, lines } = make(3);
  await new Promise<void>(resolve => terminal.write("before\r\n", resolve));
  await show("skipped", false);
  const text = lines().filter(line => line !== "");
  assert.deepEqual(text.map(line => line.trim()), ["before", "⋯ skipped ⋯", "up 1", "up 2", "row 1", "row 2", "$"]);
});
