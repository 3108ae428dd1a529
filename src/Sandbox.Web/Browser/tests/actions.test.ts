import assert from "node:assert/strict";
import { test } from "node:test";
import { actionsOf, type CommandActions } from "../src/terminals/commands/actions";
import type { Command } from "../src/terminals/commands/command-log";

/** As the page has it: methods of an object, which need it. */
class Terminal {
  readonly log = { isReady: true } as CommandActions["log"];
  readonly done: string[] = [];

  async enter(line: string): Promise<void> {
    this.done.push(line);
  }

  focus(): void {
    this.done.push("focus");
  }
}

test("Run again enters the line and focuses the terminal", () => {
  const terminal = new Terminal();
  const command = { line: "ls -l", seen: "ls -l", cut: false } as Command;
  actionsOf(command, terminal).find(action => action.label === "Run again")!.run();
  assert.deepEqual(terminal.done, ["ls -l", "focus"]);
});

test("A viewer who may only watch has no Run again", () => {
  const command = { line: "ls", seen: "ls", cut: false } as Command;
  const labels = actionsOf(command, { log: { isReady: true } as CommandActions["log"], enter: null, focus: () => undefined }).map(action => action.label);
  assert.deepEqual(labels, ["Copy output", "Copy command"]);
});
