import assert from "node:assert/strict";
import { test } from "node:test";
import { type Playground, Problem } from "../src/page/api";
import { PlaygroundWatch } from "../src/workspace/playground-watch";
import { TestClock } from "./test-clock";

interface Asked {
  what: string;
  answer(state: Playground["state"], place?: number): Promise<void>;
  signal: AbortSignal | null;
  refuse(problem: Problem): Promise<void>;
}

const settle = async (): Promise<void> => {
  for (let i = 0; i < 20; i++) {
    await Promise.resolve();
  }
};

const playground = (state: Playground["state"], place = 0): Playground => ({
  ...place > 0 ? { queue: { for: "room", place, waiting: 9, since: "" } } : {},
  id: "p", state, image: "debian", lease: { endsAt: "2030-01-01T00:00:00Z", state: "active", canExtend: true },
  sandboxes: ["one", "two"].map(id => ({ id, name: id, image: "debian", digest: "", state, interactive: true, reaches: "none" })),
});

function make(): { watch: PlaygroundWatch; clock: TestClock; asked: Asked[]; changed: string[] } {
  const clock = new TestClock();
  const asked: Asked[] = [];
  const changed: string[] = [];
  const ask = <T>(method: string, path: string, _body?: unknown, _headers?: Record<string, string>, signal: AbortSignal | null = null): Promise<T> => new Promise<T>((resolve, reject) => {
    asked.push({
      signal,
      what: `${method} ${path.replace("/api/v1/", "")}`,
      answer: (state, place) => {
        resolve(playground(state, place) as T);
        return settle();
      },
      refuse: problem => {
        reject(problem);
        return settle();
      },
    });
  });
  const watch = new PlaygroundWatch({ changed: ({ state }) => changed.push(state), gone: () => changed.push("gone") }, ask, clock);
  return { watch, clock, asked, changed };
}

test("It is asked often while it starts, and now and then once it runs", async () => {
  const { watch, clock, asked, changed } = make();
  watch.take(playground("starting"));
  clock.advance(300);
  await asked[0]!.answer("running");
  clock.advance(14_999);
  assert.equal(asked.length, 1);
  clock.advance(1);
  assert.deepEqual(asked.map(each => each.what), ["GET playgrounds/p", "GET playgrounds/p"]);
  assert.deepEqual(changed, ["starting", "running"]);
});

test("An answer that comes after a newer one is no news, and what ended stays so", async () => {
  const { watch, clock, asked, changed } = make();
  watch.take(playground("running"));
  void watch.poll();
  void watch.poll();
  void watch.poll();
  await asked[1]!.answer("paused");
  await asked[0]!.answer("running");
  assert.deepEqual(changed, ["running", "paused"]);
  watch.take(playground("ended"));
  await asked[2]!.answer("running");
  assert.deepEqual(changed, ["running", "paused", "ended"]);
  clock.advance(60_000);
  assert.equal(asked.length, 3);
});

test("While its sandboxes are stopped and started nothing in between is changed", async () => {
  const { watch, asked, changed } = make();
  watch.take(playground("running"));
  void watch.poll();
  const acting = watch.act("restart");
  await asked[1]!.answer("running");
  void watch.poll();
  await asked[0]!.answer("stopped");
  assert.deepEqual(asked.map(each => each.what), ["GET playgrounds/p", "POST sandboxes/one/restart", "POST sandboxes/two/restart"]);
  await asked[2]!.answer("running");
  await acting;
  void watch.poll();
  await asked[3]!.answer("running");
  assert.deepEqual(changed, ["running", "running"]);
});

test("A server that does not answer is asked less often, and what is not there is not asked for again", async () => {
  const { watch, clock, asked, changed } = make();
  watch.take(playground("running"));
  void watch.poll();
  await asked[0]!.refuse(new Problem("offline", 0, ""));
  clock.advance(1000);
  await asked[1]!.refuse(new Problem("offline", 0, ""));
  clock.advance(1999);
  assert.equal(asked.length, 2);
  clock.advance(1);
  await asked[2]!.refuse(new Problem("not_found", 404, ""));
  assert.deepEqual(changed, ["running", "gone"]);
  watch.later(0);
  clock.advance(60_000);
  assert.equal(asked.length, 3);
});

test("In a queue it asks for the next place without a timer, and one question at a time waits for it", async () => {
  const { watch, clock, asked, changed } = make();
  watch.take(playground("queued", 3));
  await asked[0]!.answer("queued", 2);
  void watch.poll();
  assert.deepEqual(asked.map(each => each.what.split("?")[1]), ["wait=25&place=3", "wait=25&place=2", "wait=25&place=2"]);
  assert.deepEqual(asked.map(each => each.signal?.aborted), [true, true, false]);
  await asked[1]!.refuse(new Problem("cancelled", 0, ""));

  // A server that is being restarted does not wait, and is not asked in a loop.
  await asked[2]!.answer("queued", 2);
  assert.equal(asked.length, 3);
  clock.advance(1000);
  await asked[3]!.answer("running");
  assert.deepEqual(changed, ["queued", "queued", "queued", "running"]);
  assert.equal(asked.length, 4);
});
