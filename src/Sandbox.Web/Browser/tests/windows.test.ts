import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { longestText } from "../src/terminals/commands/mark";
import * as windows from "../src/terminals/session/windows";

const terminals = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "..", "..", "Sandbox.Terminals");

/** A `const int` of a C# source, whose value is a product of numbers. */
function constant(file: string, name: string): number {
  const value = new RegExp(`const int ${name} = ([\\d *]+);`).exec(readFileSync(join(terminals, file), "utf8"))?.[1];
  assert.ok(value, `${file} has ${name}`);
  return value.split("*").reduce((product, factor) => product * Number(factor), 1);
}

test("the windows are those of the server", () => {
  assert.equal(windows.maxInput, constant("Flow/TtyFrame.cs", "MaxInput"));
  assert.equal(windows.inputWindow, constant("Flow/TtyFrame.cs", "InputWindow"));
  assert.equal(windows.outputWindow, constant("Flow/TtyFrame.cs", "OutputWindow"));
  assert.equal(longestText, constant("Marks/MarkReader.cs", "LongestText"));
});

test("acknowledgements come long before the server would wait for them", () => {
  assert.equal(windows.ackAtLeast, 64 * 1024);
  assert.ok(windows.ackAtLeast * 2 <= windows.outputWindow);
});
