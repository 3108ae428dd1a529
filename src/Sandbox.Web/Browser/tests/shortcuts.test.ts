import assert from "node:assert/strict";
import { test } from "node:test";
import { actOf, keyCaps, shortcuts } from "../src/terminal-page/shortcuts";

const press = (key: string, code: string, held: Partial<Record<"altKey" | "ctrlKey" | "shiftKey" | "metaKey", boolean>>) =>
  actOf({ altKey: false, ctrlKey: false, shiftKey: false, metaKey: false, ...held, key, code });

test("A shortcut goes by the letter on the key, and by its place where Option gives another letter", () => {
  assert.equal(press("R", "KeyR", { altKey: true, shiftKey: true }), "split-right");
  assert.equal(press("R", "KeyP", { altKey: true, shiftKey: true }), "split-right");
  assert.equal(press("‰", "KeyR", { altKey: true, shiftKey: true }), "split-right");
  assert.equal(press("ArrowLeft", "ArrowLeft", { altKey: true, shiftKey: true }), "focus-left");
  assert.equal(press("F", "KeyF", { ctrlKey: true, shiftKey: true }), "find");
});

test("What a shell needs goes to the shell", () => {
  assert.equal(press("r", "KeyR", { ctrlKey: true }), undefined);
  assert.equal(press("r", "KeyR", { altKey: true }), undefined);
  assert.equal(press("R", "KeyR", { altKey: true, shiftKey: true, metaKey: true }), undefined);
  assert.equal(press("ArrowLeft", "ArrowLeft", { altKey: true }), undefined);
  assert.equal(press("F2", "F2", {}), undefined);
  assert.equal(press("Delete", "Delete", {}), undefined);
});

test("Every key stands for one thing", () => {
  const acting = shortcuts.flatMap(({ items }) => items).filter(({ act }) => act);
  assert.equal(new Set(acting.map(({ keys }) => keys)).size, acting.length);
  assert.deepEqual(keyCaps("Alt+Shift+ArrowUp"), ["Alt", "Shift", "↑"]);
});
