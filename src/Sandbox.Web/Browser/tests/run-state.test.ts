import assert from "node:assert/strict";
import { test } from "node:test";
import type { Command } from "../src/terminals/commands/command-log";
import { followRun, type RunState } from "../src/tutorial/blocks/run-state";

/** A shell whose commands the test begins and ends. */
class Shell {
  readonly log = { commands: [] as Command[] };
  at = 0;
  #listener: ((command: Command | null) => void) | null = null;

  follow = (listener: (command: Command | null) => void): (() => void) => {
    this.#listener = listener;
    return () => this.#listener = null;
  };

  begin(line: string | null = null): Command {
    const command = { running: true, exitCode: null, line, cut: false } as Command;
    this.log.commands.push(command);
    this.#listener?.(command);
    return command;
  }

  end(command: Command, code: number | null): void {
    command.running = false;
    command.exitCode = code;
    this.#listener?.(command);
  }
}

function follow(shell: Shell, lines: number, text = "true\n".repeat(lines)): RunState[] {
  const states: RunState[] = [];
  followRun(shell as never, text, state => states.push(state), () => shell.at);
  return states;
}

test("a block follows the command that begins after it was typed", () => {
  const shell = new Shell();
  const before = shell.begin();
  const states = follow(shell, 1);
  shell.end(before, 3);
  assert.equal(states.length, 0);
  shell.end(shell.begin(), 0);
  assert.deepEqual(states.map(state => state.kind), ["running", "passed"]);
  shell.end(shell.begin(), 1);
  assert.equal(states.length, 2);
});

test("one failure among several lines fails the block", () => {
  const shell = new Shell();
  const states = follow(shell, 3);
  for (const code of [0, 4, 0]) {
    shell.end(shell.begin(), code);
  }
  assert.deepEqual(states.at(-1), { kind: "failed", code: 4 });
});

test("a command that begins much later is not the block's", () => {
  const shell = new Shell();
  const states = follow(shell, 3);
  shell.end(shell.begin(), 0);
  shell.at = 60_000;
  shell.end(shell.begin(), 1);
  assert.deepEqual(states.at(-1), { kind: "passed" });
});

test("an end without an exit code is neither passed nor failed", () => {
  const shell = new Shell();
  const states = follow(shell, 1);
  shell.end(shell.begin(), null);
  assert.deepEqual(states.at(-1), { kind: "unknown" });
});

test("a line that was entered before and begins only now is not the block's", () => {
  const shell = new Shell();
  const states = follow(shell, 1, "  make all");
  shell.end(shell.begin("printf done"), 0);
  assert.equal(states.length, 0);
  shell.end(shell.begin("make all"), 2);
  assert.deepEqual(states.map(state => state.kind), ["running", "failed"]);
});

test("a loop over several lines is one command, and a comment none", () => {
  const shell = new Shell();
  const states = follow(shell, 3, "# all of them\nfor i in 1 2; do\n  echo $i; done");
  shell.end(shell.begin("for i in 1 2; do echo $i; done"), 0);
  assert.deepEqual(states.at(-1), { kind: "passed" });
});
