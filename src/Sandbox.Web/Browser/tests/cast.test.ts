import assert from "node:assert/strict";
import { test } from "node:test";
import { type CastEvent, clock, marksOf, parseCast, shortenPauses, translate } from "../src/recording/cast";

const text = '{"version":2,"width":80,"height":24}\n[0,"r","80x24"]\n[1,"o","$ "]\n[31,"m","make"]\n[31,"o","x"]\n[32.5,"o","y"]\n[33,"o","tor';

test("a cast is read up to its last whole line", () => {
  const cast = parseCast(text);
  assert.deepEqual(cast.events.map(event => event[0]), [0, 1, 31, 31, 32.5]);
  assert.deepEqual(marksOf(cast.events), [{ time: 31, label: "make" }]);
  assert.throws(() => parseCast('{"version":3}\n'));
  assert.throws(() => parseCast(""));
});

test("pauses are shortened, and every moment has its place in both", () => {
  const { events } = parseCast(text);
  const short = shortenPauses(events, 2);
  assert.deepEqual(short.map(event => event[0]), [0, 1, 3, 3, 4.5]);
  assert.equal(translate(0.5, events, short), 0.5);
  assert.equal(translate(20, events, short), 3);
  assert.equal(translate(32, events, short), 4);
  assert.equal(translate(4, short, events), 32);
  for (let time = 0; time < 32.5; time += 0.25) {
    const there = translate(time, events, short);
    assert.ok(there <= time && there >= 0 && there <= 4.5);
  }
  assert.equal(translate(9, [] as CastEvent[], []), 9);
});

test("times are written as clocks do", () => {
  assert.deepEqual([0, 65, 599.9, 3600, 3725].map(clock), ["0:00", "1:05", "9:59", "1:00:00", "1:02:05"]);
});
