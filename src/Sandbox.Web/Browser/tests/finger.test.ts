import assert from "node:assert/strict";
import { test } from "node:test";
import { Lines, Throw } from "../src/terminals/input/finger";

test("What is left of a line counts for the next, in both directions", () => {
  const lines = new Lines();
  assert.deepEqual([10, 10, 25].map(pixels => lines.take(pixels, 20)), [0, 1, 1]);
  assert.deepEqual([-5, -20, -50].map(pixels => lines.take(pixels, 20)), [0, -1, -2]);
});

test("A throw goes on in its direction, ever slower, and has an end", () => {
  const thrown = new Throw();
  for (let at = 0; at <= 160; at += 16) {
    thrown.moved(-16, at);
  }
  thrown.left(160);
  const steps: number[] = [];
  while (!thrown.isOver && steps.length < 1000) {
    steps.push(thrown.after(16));
  }
  assert.ok(steps.length > 10 && steps.length < 1000, `${steps.length} steps`);
  assert.ok(steps.every((step, index) => step < 0 && (index === 0 || step > steps[index - 1]!)));
  assert.equal(thrown.after(16), 0);
});

test("A finger that rested before it left throws nothing", () => {
  const rested = new Throw();
  rested.moved(100, 0);
  rested.moved(100, 16);
  rested.left(400);
  assert.ok(rested.isOver || rested.after(16) === 0);
});

test("No throw is faster than the eye", () => {
  const wild = new Throw();
  wild.moved(100_000, 0);
  wild.left(1);
  assert.ok(wild.after(1) <= 10);
});
