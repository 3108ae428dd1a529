import assert from "node:assert/strict";
import { test } from "node:test";
import { tailOf } from "../src/workspace/last-lines";

test("last lines of a log are plain text", () => {
  assert.equal(tailOf("\u001b]0;title\u0007\u001b[1;31mFATAL\u001b[0m: no database\nready\n\n"), "FATAL: no database\nready");
});

test("a line that was started over shows its end alone", () => {
  assert.equal(tailOf("10 %\r50 %\r100 %\ndone"), "100 %\ndone");
});

test("only the last twelve lines are shown, and long ones are cut", () => {
  const lines = tailOf(`${Array.from({ length: 40 }, (_, n) => n).join("\n")}\n${"x".repeat(500)}`).split("\n");
  assert.equal(lines.length, 12);
  assert.equal(lines[0], "29");
  assert.equal(lines[11]?.length, 161);
});
