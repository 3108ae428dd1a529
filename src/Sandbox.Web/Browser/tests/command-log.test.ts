import assert from "node:assert/strict";
import { test } from "node:test";
import headless from "@xterm/headless";
import type { Terminal } from "@xterm/xterm";
import { type Command, CommandLog } from "../src/terminals/commands/command-log";
import { sight } from "../src/terminals/commands/gutter";

const nonce = "0123456789abcdef0123456789abcdef";

class Page {
  readonly terminal = new headless.Terminal({ cols: 40, rows: 8, allowProposedApi: true });
  readonly log = new CommandLog(this.terminal as unknown as Terminal, () => false);
  readonly done: Command[] = [];

  constructor() {
    this.log.update({ nonce });
    this.log.onDone = command => this.done.push(command);
  }

  print(text: string): Promise<void> {
    return new Promise(resolve => this.terminal.write(text, resolve));
  }

  prompt(): Promise<void> {
    return this.print(`\x1b]633;A;${nonce}\x07$ \x1b]633;B;${nonce}\x07`);
  }

  begin(line: string): Promise<void> {
    return this.print(`${line}\r\n\x1b]633;E;${line};${nonce}\x07\x1b]633;C;${nonce};\x07`);
  }

  end(code: number): Promise<void> {
    return this.print(`\x1b]633;D;${code};${nonce};\x07`);
  }
}

test("a command has its line, its output and its end", async () => {
  const page = new Page();
  await page.prompt();
  await page.begin("echo a");
  await page.print("a\r\n");
  await page.end(3);
  await page.prompt();
  const [command] = page.log.commands;
  assert.equal(command?.line, "echo a");
  assert.equal(command.exitCode, 3);
  assert.equal(page.log.outputOf(command), "a\n");
  assert.deepEqual(page.done, [command]);
});

test("a line is entered only at a free prompt", async () => {
  const page = new Page();
  await page.prompt();
  assert.equal(page.log.isReady, true);
  await page.print("half a li");
  assert.equal(page.log.isReady, false);
  await page.print("\b \b".repeat(9));
  assert.equal(page.log.isReady, true);
  await page.begin("sleep 9");
  assert.equal(page.log.isReady, false);
  await page.end(0);
  await page.prompt();
  assert.equal(page.log.isReady, true);
  page.log.update({ nonce, running: { command: "of a shell that says so only to the server" } });
  assert.equal(page.log.isReady, false);
  page.log.update({ nonce });
  await page.print("\x1b[?1049h");
  assert.equal(page.log.isReady, false);
});

test("what still runs after output was skipped ends as it does", async () => {
  const page = new Page();
  await page.prompt();
  await page.begin("yes");
  page.log.update({ nonce, running: { command: "yes" } });
  page.log.skipped();
  assert.equal(page.log.running?.line, "yes");
  await page.end(130);
  assert.equal(page.log.commands[0]?.exitCode, 130);
});

test("what was over in the output that was skipped has no end of another", async () => {
  const page = new Page();
  await page.prompt();
  await page.begin("yes");
  page.log.update({ nonce, running: { command: "make" } });
  page.log.skipped();
  assert.equal(page.log.running, null);
  await page.print("of make\r\n");
  await page.end(2);
  await page.prompt();
  assert.deepEqual(page.log.commands.map(({ line, exitCode, running }) => ({ line, exitCode, running })), [{ line: "yes", exitCode: null, running: false }]);
  assert.deepEqual(page.done, []);
});

test("what a key echoes changes nothing about the marks; a command, its end and lines that move do", async () => {
  const page = new Page();
  await page.prompt();
  let before = sight(page.log);
  await page.print("echo a");
  assert.equal(sight(page.log), before);
  for (const act of [
    () => page.begin(""),
    () => page.end(0),
    () => page.print("\r\n".repeat(20)),
    () => page.print("\x1b[?1049h"),
    () => page.print("\x1b[?1049l"),
    () => Promise.resolve(page.terminal.scrollLines(-3)),
    () => Promise.resolve(page.terminal.resize(40, 6)),
  ]) {
    await act();
    const now = sight(page.log);
    assert.notEqual(now, before, String(act));
    before = now;
  }
});

test("where lines are let go at the top, the marks move", async () => {
  const page = new Page();
  page.terminal.options.scrollback = 20;
  await page.print("\r\n".repeat(40));
  await page.prompt();
  await page.begin("ls");
  const before = sight(page.log);
  await page.print("\r\n\r\n".repeat(4));
  assert.notEqual(sight(page.log), before);
});

test("what runs is known by marks, by the server, and by a program that has the whole screen", async () => {
  const page = new Page();
  await page.prompt();
  assert.equal(page.log.runs, null);
  await page.begin("sleep 9");
  assert.equal(page.log.runs, "sleep 9");
  await page.end(0);
  await page.prompt();
  assert.equal(page.log.runs, null);
  page.log.update({ nonce, running: { command: "make" } });
  assert.equal(page.log.runs, "make");
  page.log.update({ nonce });
  await page.print("\x1b[?1049h");
  assert.equal(page.log.runs, "");
  await page.print("\x1b[?1049l");
  assert.equal(page.log.runs, null);
});
