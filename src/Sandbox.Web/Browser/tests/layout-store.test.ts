import assert from "node:assert/strict";
import { test } from "node:test";
import { single, split } from "../src/workspace/layout";
import { forget, parse, previewOf, recall, remember, rememberPreview } from "../src/workspace/layout-store";

class MemoryStorage implements Storage {
  readonly #items = new Map<string, string>();
  [name: string]: unknown;

  get length(): number {
    return this.#items.size;
  }

  clear(): void {
    this.#items.clear();
  }

  getItem(key: string): string | null {
    return this.#items.get(key) ?? null;
  }

  key(index: number): string | null {
    return [...this.#items.keys()][index] ?? null;
  }

  removeItem(key: string): void {
    this.#items.delete(key);
  }

  setItem(key: string, value: string): void {
    this.#items.set(key, value);
  }
}

test("What is remembered comes back the same", () => {
  const storage = new MemoryStorage();
  const remembered = { layout: split(single(["a"]), "1", "down", "b"), names: { a: "server" }, numbers: { a: 1, b: 3 } };
  remember("p", remembered, 1, storage);
  assert.deepEqual(recall("p", storage), remembered);
  assert.equal(recall("q", storage), null);
  forget("p", storage);
  assert.equal(recall("p", storage), null);
});

test("Only the last twenty playgrounds are remembered, and nothing else is touched", () => {
  const storage = new MemoryStorage();
  storage.setItem("theme", "dark");
  for (let index = 0; index < 30; index++) {
    remember(`p${index}`, { layout: single(["a"]), names: {}, numbers: {} }, index, storage);
  }
  assert.equal(storage.length, 21);
  assert.equal(recall("p9", storage), null);
  assert.ok(recall("p10", storage));
});

test("What makes no sense counts as nothing", () => {
  const good = { layout: single(["a"]), names: {} };
  assert.deepEqual(parse(JSON.stringify(good)), { ...good, numbers: {} });
  assert.deepEqual(parse(JSON.stringify({ ...good, numbers: { a: 2, b: -1, c: "3", d: 1e9 } }))!.numbers, { a: 2 });
  for (const bad of [
    null, "", "{", "null", "[]", "{}",
    JSON.stringify({ layout: { root: { id: "1", tabs: ["a"], active: "b" }, focused: "1", zoomed: false } }),
    JSON.stringify({ layout: { root: { id: "x", tabs: ["a"], active: "a" }, focused: "1", zoomed: false } }),
    JSON.stringify({ layout: { root: { id: "1", tabs: ["a", "a"], active: "a" }, focused: "1", zoomed: false } }),
    JSON.stringify({ layout: { root: { id: "1", direction: "row", parts: [], sizes: [] }, focused: "1", zoomed: false } }),
    JSON.stringify({ layout: { root: { id: "1", direction: "row", parts: [{ id: "2", tabs: ["a"], active: "a" }, { id: "3", tabs: ["b"], active: "b" }], sizes: [0.9, 0.9] }, focused: "2", zoomed: false } }),
    JSON.stringify({ ...good, names: { a: "x".repeat(20_000) } }),
  ]) {
    assert.equal(parse(bad), null, String(bad).slice(0, 100));
  }
});

test("The page of a port that stood beside the terminals is remembered with its playground, if it makes sense", () => {
  const storage = new MemoryStorage();
  const place = { sandbox: "abcdefghijklmnop", port: 8080, path: "/a?b=1" };
  rememberPreview("p", place, storage);
  assert.deepEqual(previewOf("p", storage), place);
  assert.equal(previewOf("q", storage), null);
  forget("p", storage);
  assert.equal(previewOf("p", storage), null);
  for (const wrong of ["{", "{}", JSON.stringify({ ...place, port: 0 }), JSON.stringify({ ...place, path: "evil.example" }), JSON.stringify({ ...place, sandbox: "../../x" })]) {
    storage.setItem("preview-p", wrong);
    assert.equal(previewOf("p", storage), null, wrong);
  }
});
