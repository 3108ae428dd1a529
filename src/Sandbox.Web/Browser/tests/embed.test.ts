import assert from "node:assert/strict";
import { test } from "node:test";
import { commandOf, pathOf, runningOf } from "../src/embed/languages";
import { harmless } from "../src/embed/messages";
import { heightOf, themeOf } from "../src/embed/server";
import { authored, plainOutput } from "../src/embed/text";
import { EarlyKeys } from "../src/frames/early-keys";

test("a page passes on letters that do nothing by themselves", () => {
  assert.equal(harmless("ls -la"), "ls -la");
  assert.equal(harmless("é日🙂"), "é日🙂");
  assert.equal(harmless("rm -rf /\n\r\t\u001b[A\u0003\u0085\u2028\u202e"), "rm -rf /[A");
  assert.equal(harmless("x".repeat(1000)).length, 64);
});

test("keys of the page come before those of the frame, and none after the terminal is there", () => {
  const keys = new EarlyKeys();
  const typed: string[] = [];
  const flush = (): void => keys.flush(bytes => typed.push(new TextDecoder().decode(bytes)));
  keys.type(new TextEncoder().encode("o\r"));
  keys.take("ec");
  keys.take("h\n");
  flush();
  assert.deepEqual(typed, ["ech", "o\r"]);
  keys.take("late");
  flush();
  assert.equal(typed.length, 2);
});

test("a height is a length and nothing else", () => {
  for (const [text, height] of [["300", "300px"], [" 20em ", "20em"], ["50vh", "50vh"], ["1.5rem", "1.5rem"]] as const) {
    assert.equal(heightOf(text), height);
  }
  for (const text of [null, "", "auto", "-1", "100%", "1px;color:red", "calc(1px)", "url(x)", "99999"]) {
    assert.equal(heightOf(text), null);
  }
});

test("a theme is light, dark or the system's", () => {
  assert.deepEqual(["light", "dark", "auto", "\"><script>", null].map(themeOf), ["light", "dark", null, null, null]);
});

test("what an author wrote loses the indentation of the HTML and no more", () => {
  assert.equal(authored("\n      if x:\n          y\n\n      z\n    "), "if x:\n    y\n\nz");
  assert.equal(authored("  \n"), "");
  assert.equal(authored("one line"), "one line");
});

test("output is text without escape sequences", () => {
  assert.equal(plainOutput("\u001b[1;31mred\u001b[0m\r\n\u001b]0;title\u0007\u001b]8;;javascript:1\u001b\\link\u0000\u0007"), "red\nlink");
  assert.equal(plainOutput("<b>bold</b>"), "<b>bold</b>");
});

test("files are below a directory of their own, or absolute", () => {
  assert.equal(pathOf("main.py"), "/sandbox/main.py");
  assert.equal(pathOf("/etc/motd"), "/etc/motd");
  for (const file of ["../x", "/a/../b", "a/", "a\nb", "x".repeat(600)]) {
    assert.equal(pathOf(file), null);
  }
});

test("a command runs in the directory of its file, whose name is quoted", () => {
  assert.deepEqual(commandOf("python3 {file}", "/sandbox/it's $&.py"), ["sh", "-c", "cd '/sandbox' && python3 '/sandbox/it'\\''s $&.py'"]);
  assert.deepEqual(commandOf("cat {file}", "/motd"), ["sh", "-c", "cd '/' && cat '/motd'"]);
});

test("an image has a file and a command, and any other a shell", () => {
  assert.equal(runningOf("python").file, "main.py");
  assert.equal(runningOf("constructor").file, "main.sh");
  assert.equal(runningOf(null).command, "sh {file}");
});
