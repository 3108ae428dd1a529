import assert from "node:assert/strict";
import { test } from "node:test";
import { canRepeat, duration, parseMark, visible } from "../src/commands/mark";

const nonce = "0123456789abcdef0123456789abcdef";

test("marks with the nonce are read", () => {
  assert.deepEqual(parseMark(`E;echo a\\x3b b \\\\;${nonce}`, nonce), { kind: "E", text: "echo a; b \\", cut: false, time: null });
  assert.deepEqual(parseMark(`D;2;${nonce};1795.5`, nonce), { kind: "D", text: "2", cut: false, time: 1_795_500 });
  assert.deepEqual(parseMark(`C;${nonce};`, nonce), { kind: "C", text: "", cut: false, time: null });
  assert.equal(parseMark(`E;x;${nonce};cut`, nonce)?.cut, true);
});

test("marks without it, with another, or with it elsewhere are nothing", () => {
  for (const data of ["A", "A;", "A;ffff", "D;0", "D;0;", "E;rm -rf /;ffff", `E;${nonce}`, `D;${nonce}`, `Z;${nonce}`, `;${nonce}`, `A;x;${nonce}`, `A;${nonce}0`]) {
    assert.equal(parseMark(data, nonce), null, data);
  }
  assert.equal(parseMark("A;", ""), null);
});

test("a text of megabytes is cut", () => {
  const mark = parseMark(`E;${"y".repeat(1_000_000)};${nonce}`, nonce)!;
  assert.equal(mark.text.length, 4096);
  assert.equal(mark.cut, true);
});

test("what would hide or turn a line around is shown as a sign, and is not typed again", () => {
  assert.equal(visible("a\u202eb\u001b[2Jc\u007f"), "a\ufffdb\u241b[2Jc\u2421");
  assert.equal(visible("é <b>x</b>\nläuft"), "é <b>x</b>\nläuft");
  assert.equal(canRepeat("ls", false), true);
  assert.equal(canRepeat("ls", true), false);
  assert.equal(canRepeat(null, false), false);
  assert.equal(canRepeat("ls \u001b[201~rm", false), false);
});

test("durations are short", () => {
  assert.deepEqual([0.4, 999, 1500, 61_000].map(duration), ["0 ms", "999 ms", "1.5 s", "1 min 1 s"]);
});
