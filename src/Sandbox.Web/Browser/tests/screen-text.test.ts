import assert from "node:assert/strict";
import { test } from "node:test";
import { Terminal } from "@xterm/headless";
import { mostLines, screenText } from "../src/terminals/view/screen-text";

async function printed(text: string): Promise<Terminal> {
  const terminal = new Terminal({ cols: 10, rows: 4, scrollback: 2000, allowProposedApi: true });
  await new Promise<void>(done => terminal.write(text, done));
  return terminal;
}

test("Lines that wrapped are whole, and the empty end is left out", async () => {
  const { buffer } = await printed("one\r\ntwo two two two\r\n\r\nlast");
  assert.deepEqual(screenText(buffer.active, 4, 2), { before: "one\n", line: "two two two two", after: "\n\nlast" });
  const short = await printed("only\r\n");
  assert.deepEqual(screenText(short.buffer.active, 4, 3), { before: "", line: "only", after: "" });
});

test("No more lines than a dialog takes, and those in view among them", async () => {
  const terminal = await printed(Array.from({ length: 1200 }, (_, index) => `l${index}\r\n`).join(""));
  const all = ({ before, line, after }: ReturnType<typeof screenText>): string[] => (before + line + after).split("\n");
  const atEnd = screenText(terminal.buffer.active, 4, terminal.buffer.active.viewportY);
  assert.ok(all(atEnd).length <= mostLines);
  assert.equal(all(atEnd).at(-1), "l1199");
  assert.equal(atEnd.line, "l1197");
  terminal.scrollToLine(100);
  const above = screenText(terminal.buffer.active, 4, 101);
  assert.equal(above.line, "l101");
  assert.deepEqual(all(above).slice(-4), ["l100", "l101", "l102", "l103"]);
  assert.equal(all(above)[0], "l0");
});
