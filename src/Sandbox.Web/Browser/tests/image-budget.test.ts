import assert from "node:assert/strict";
import { test } from "node:test";
import { ImageBudget } from "../src/terminals/pictures/image-budget";

test("a thousand images come at once, then a hundred in a second", () => {
  let now = 0;
  const budget = new ImageBudget(() => now);
  const take = (wanted: number): number => Array.from({ length: wanted }, () => budget.take()).filter(taken => taken).length;
  assert.equal(take(170_000), 1000);
  now += 500;
  assert.equal(take(170_000), 50);
  now += 3_600_000;
  assert.equal(take(170_000), 1000);
});
