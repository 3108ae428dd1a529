import assert from "node:assert/strict";
import { test } from "node:test";
import { endsSoon, timeLeft } from "../src/page/countdown";

test("Time left is rough when there is much, and exact when there is little", () => {
  assert.equal(timeLeft(64 * 60_000, 0), "1 h 04 min");
  assert.equal(timeLeft(42 * 60_000, 0), "42 min");
  assert.equal(timeLeft(299_000, 0), "4:59");
  assert.equal(timeLeft(9_000, 0), "0:09");
  assert.equal(timeLeft(0, 5_000), "0:00");
});

test("The last five minutes are soon", () => {
  assert.ok(endsSoon(299_000, 0));
  assert.ok(!endsSoon(300_000, 0));
});
