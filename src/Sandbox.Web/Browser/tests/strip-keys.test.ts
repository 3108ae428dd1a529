import assert from "node:assert/strict";
import { test } from "node:test";
import { stripMove } from "../src/workspace/strip-keys";

const press = (key: string, held: Partial<Record<"shiftKey" | "ctrlKey" | "altKey" | "metaKey", boolean>> = {}): KeyboardEvent =>
  ({ key, shiftKey: false, ctrlKey: false, altKey: false, metaKey: false, ...held }) as KeyboardEvent;

test("arrows go around the ends, Home and End to them", () => {
  assert.deepEqual(stripMove(press("ArrowRight"), 2, 3), { kind: "go", index: 0 });
  assert.deepEqual(stripMove(press("ArrowLeft"), 0, 3), { kind: "go", index: 2 });
  assert.deepEqual(stripMove(press("ArrowLeft"), 2, 3), { kind: "go", index: 1 });
  assert.deepEqual(stripMove(press("Home"), 1, 3), { kind: "go", index: 0 });
  assert.deepEqual(stripMove(press("End"), 1, 3), { kind: "go", index: 2 });
});

test("with Shift an arrow takes the tab along", () => {
  assert.deepEqual(stripMove(press("ArrowRight", { shiftKey: true }), 2, 3), { kind: "move", by: 1 });
  assert.deepEqual(stripMove(press("ArrowLeft", { shiftKey: true }), 0, 3), { kind: "move", by: -1 });
});

test("keys of the page and of programs are left alone", () => {
  for (const held of ["ctrlKey", "altKey", "metaKey"] as const) {
    assert.equal(stripMove(press("ArrowRight", { [held]: true }), 0, 2), null);
  }
  for (const key of ["a", "Enter", " ", "Tab", "ArrowUp"]) {
    assert.equal(stripMove(press(key), 0, 2), null);
  }
});

test("a tab is entered, renamed and closed", () => {
  assert.deepEqual(["ArrowDown", "Escape", "F2", "Delete"].map(key => stripMove(press(key), 0, 1)?.kind), ["enter", "enter", "rename", "close"]);
});
