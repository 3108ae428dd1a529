import assert from "node:assert/strict";
import { test } from "node:test";
import { KeyTimer } from "../src/latency/key-timer";
import { paceOf, paceWords, RoundTrip } from "../src/latency/round-trip";

test("a key into a quiet terminal is timed to the output that follows, once", () => {
  let now = 1000;
  const times: number[] = [];
  const timer = new KeyTimer(ms => times.push(ms), () => now);
  timer.typed();
  now += 12;
  timer.printed();
  timer.printed();
  assert.deepEqual(times, [12]);
});

test("keys while output comes, keys without an echo and keys before a loss are not timed", () => {
  let now = 1000;
  const times: number[] = [];
  const timer = new KeyTimer(ms => times.push(ms), () => now);
  timer.printed();
  now += 10;
  timer.typed();
  now += 10;
  timer.printed();
  now += 1000;
  timer.typed();
  now += 6000;
  timer.printed();
  now += 1000;
  timer.typed();
  timer.forget();
  now += 5;
  timer.printed();
  assert.deepEqual(times, []);
});

test("the round trip is the median of the last nine", () => {
  const trip = new RoundTrip();
  assert.equal(trip.ms, null);
  for (const ms of [900, 900, 3, 4, 5, 6, 7, 8, 9, 10, 1000]) {
    trip.add(ms);
  }
  assert.equal(trip.ms, 7);
});

test("the dot is amber above 150 ms and says so in words", () => {
  assert.equal(paceOf(true, 150), "good");
  assert.equal(paceOf(true, 151), "slow");
  assert.equal(paceOf(true, null), "unknown");
  assert.equal(paceOf(false, 3), "offline");
  assert.equal(paceWords("good", 3.2), "Round trip 3 ms");
  assert.equal(paceWords("good", 0.4), "Round trip under 1 ms");
  assert.equal(paceWords("slow", 1500), "Slow connection: round trip 1.5 s");
});
