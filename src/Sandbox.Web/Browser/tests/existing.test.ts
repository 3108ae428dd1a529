import assert from "node:assert/strict";
import { test } from "node:test";
import { freeName, resolveExisting } from "../src/files/existing";
import type { Picked } from "../src/files/picked";

const picked = (...names: string[]): Picked => ({ files: names.map(name => ({ names: name.split("/"), file: new File([], name) })), emptyDirectories: [] });
const names = (each: Picked): string[] => each.files.map(file => file.names.join("/"));

test("a file that is kept beside another gets the next free number", () => {
  assert.equal(freeName("photo.jpg", new Set(["photo.jpg"])), "photo (2).jpg");
  assert.equal(freeName("photo.jpg", new Set(["photo.jpg", "photo (2).jpg"])), "photo (3).jpg");
  assert.equal(freeName(".profile", new Set([".profile"])), ".profile (2)");
  assert.equal(freeName("Makefile", new Set()), "Makefile (2)");
});

test("only what is there already is left out, renamed or replaced", () => {
  const existing = (): Map<number, Set<string>> => new Map([[1, new Set(["b.txt"])]]);
  assert.deepEqual(names(resolveExisting(picked("d/a.txt", "d/b.txt"), existing(), "replace")), ["d/a.txt", "d/b.txt"]);
  assert.deepEqual(names(resolveExisting(picked("d/a.txt", "d/b.txt"), existing(), "skip")), ["d/a.txt"]);
  assert.deepEqual(names(resolveExisting(picked("d/a.txt", "d/b.txt"), existing(), "both")), ["d/a.txt", "d/b (2).txt"]);
});
