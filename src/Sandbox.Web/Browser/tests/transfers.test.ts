import assert from "node:assert/strict";
import { test } from "node:test";
import { pathOf } from "../src/files/path";
import type { Sending } from "../src/files/sending";
import { Transfers } from "../src/files/transfers";
import { Problem } from "../src/page/api";

/** A sending whose end the test decides. */
class Scripted implements Sending {
  starts = 0;
  cancelled = false;
  progress: (sent: number) => void = () => undefined;
  succeed: () => void = () => undefined;
  fail: (problem: Problem) => void = () => undefined;

  start(onProgress: (sent: number) => void): Promise<void> {
    this.starts++;
    this.progress = onProgress;
    return new Promise((resolve, reject) => {
      this.succeed = resolve;
      this.fail = reject;
    });
  }

  pause(): void {
    this.fail(new Problem("offline", 0, "away"));
  }

  cancel(): void {
    this.cancelled = true;
  }
}

function setUp(count: number): { transfers: Transfers; sendings: Scripted[]; timers: { ms: number; run: () => void }[]; settle: () => Promise<void> } {
  const timers: { ms: number; run: () => void }[] = [];
  const transfers = new Transfers({ now: () => 0, after: (ms, run) => void timers.push({ ms, run }) });
  const sendings = Array.from({ length: count }, () => new Scripted());
  transfers.add(sendings.map((sending, index) => ({ sandbox: "s", path: pathOf(`/f${index}`), size: 10, sending })));
  return { transfers, sendings, timers, settle: () => new Promise(resolve => setImmediate(resolve)) };
}

test("three are sent at once, and the next one when one is done", async () => {
  const { transfers, sendings, settle } = setUp(5);
  assert.deepEqual(sendings.map(each => each.starts), [1, 1, 1, 0, 0]);
  sendings[1]!.succeed();
  await settle();
  assert.deepEqual(sendings.map(each => each.starts), [1, 1, 1, 1, 0]);
  assert.equal(transfers.totals().done, 1);
  assert.equal(transfers.totals().sent, 10);
});

test("a lost connection is waited for, longer each time, and never given up", async () => {
  const { transfers, sendings, timers, settle } = setUp(1);
  for (let time = 0; time < 30; time++) {
    sendings[0]!.fail(new Problem("offline", 0, "away"));
    await settle();
    assert.equal(transfers.all[0]!.state, "held");
    timers.at(-1)!.run();
  }
  assert.equal(sendings[0]!.starts, 31);
  assert.ok(timers[0]!.ms < timers[3]!.ms);
  assert.ok(timers.every(timer => timer.ms <= 10_000));
});

test("what is under way when the network goes waits for it at once", async () => {
  const { transfers, sendings, settle } = setUp(4);
  sendings[0]!.succeed();
  await settle();
  transfers.hold();
  await settle();
  assert.deepEqual(transfers.all.map(each => each.state), ["done", "held", "held", "held"]);
  transfers.wake();
  assert.deepEqual(sendings.map(each => each.starts), [1, 2, 2, 2]);
});

test("coming back online does not wait for the timer, and the timer then does nothing", async () => {
  const { transfers, sendings, timers, settle } = setUp(1);
  sendings[0]!.fail(new Problem("offline", 0, "away"));
  await settle();
  transfers.wake();
  assert.equal(sendings[0]!.starts, 2);
  timers[0]!.run();
  assert.equal(sendings[0]!.starts, 2);
});

test("a refusal says its words and waits for a retry", async () => {
  const { transfers, sendings, timers, settle } = setUp(1);
  sendings[0]!.fail(new Problem("disk_full", 507, "12 MB needed, 3 MB free"));
  await settle();
  assert.equal(transfers.all[0]!.state, "failed");
  assert.equal(transfers.all[0]!.message, "12 MB needed, 3 MB free");
  assert.equal(timers.length, 0);
  transfers.retry(transfers.all[0]!);
  assert.equal(sendings[0]!.starts, 2);
  sendings[0]!.succeed();
  await settle();
  assert.equal(transfers.all[0]!.state, "done");
});

test("what is cancelled is told so, makes room, and stays cancelled whatever comes after", async () => {
  const { transfers, sendings, settle } = setUp(4);
  transfers.cancel(transfers.all[0]!);
  assert.ok(sendings[0]!.cancelled);
  assert.equal(sendings[3]!.starts, 1);
  sendings[0]!.fail(new Problem("not_found", 404, "cancelled"));
  await settle();
  assert.equal(transfers.all[0]!.state, "cancelled");
  transfers.cancelAll();
  assert.ok(sendings.every(each => each.cancelled));
  assert.equal(transfers.totals().active, 0);
});
