import assert from "node:assert/strict";
import { test } from "node:test";
import { found, type PaletteItem } from "../src/workspace/palette";

const items: PaletteItem[] = ["Split right", "Restart", "Keyboard shortcuts", "Panes: Focus the pane on the right", "Run tests"].map(words => ({ words, keys: "", run: () => undefined }));
const words = (search: string): string[] => found(items, search).map(item => item.words);

test("An empty search shows every action in its order", () => assert.deepEqual(words("  "), items.map(item => item.words)));

test("Each word of a search begins a word of the action, in any order", () => {
  assert.deepEqual(words("ri sp"), ["Split right"]);
  assert.deepEqual(words("short"), ["Keyboard shortcuts"]);
  assert.deepEqual(words("plit"), []);
});

test("Actions that begin with the search come first", () => assert.deepEqual(words("r"), ["Restart", "Run tests", "Split right", "Panes: Focus the pane on the right"]));
