import assert from "node:assert/strict";
import { test } from "node:test";
import headless from "@xterm/headless";
import { screenBytes } from "../src/terminals/view/screen-bytes";

const { Terminal } = headless;

function show(text: string, cols = 20, rows = 4): Promise<InstanceType<typeof Terminal>> {
  const terminal = new Terminal({ cols, rows, allowProposedApi: true });
  return new Promise(resolve => terminal.write(text, () => resolve(terminal)));
}

async function shownAgain(text: string): Promise<void> {
  const first = await show(text);
  const written = screenBytes(first as never);
  const second = await show(written);
  const lines = (terminal: typeof first): string[] => Array.from({ length: 4 }, (_, row) => terminal.buffer.active.getLine(terminal.buffer.active.baseY + row)!.translateToString().trimEnd());
  assert.deepEqual(lines(second), lines(first));
  assert.deepEqual([second.buffer.active.cursorX, second.buffer.active.cursorY], [first.buffer.active.cursorX, first.buffer.active.cursorY]);
  assert.equal(screenBytes(second as never), written);
}

test("A coloured prompt is written again with its cursor behind it", () => shownAgain("\u001b[1;32mroot@box\u001b[0m:\u001b[38;2;1;2;3m~\u001b[0m# ls "));

test("Only the lines in sight are written", async () => {
  await shownAgain(Array.from({ length: 30 }, (_, line) => `line ${line}`).join("\r\n"));
  assert.doesNotMatch(screenBytes(await show("secret\r\n1\r\n2\r\n3\r\n4\r\n") as never), /secret/);
});

test("Wide letters, full lines and backgrounds are kept", () => shownAgain("漢字 ok\r\n12345678901234567890\u001b[44m   \u001b[0m"));
