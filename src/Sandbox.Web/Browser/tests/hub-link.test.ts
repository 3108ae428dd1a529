import assert from "node:assert/strict";
import { test } from "node:test";
import { type Connection, HubLink, type LinkState } from "../src/terminals/session/hub-link";
import { TestClock } from "./test-clock";

class Line implements Connection {
  closed: (() => void) | null = null;
  stopped = false;
  constructor(private readonly works: () => boolean, private readonly swallows: () => boolean) {}
  start(): Promise<void> {
    return this.swallows() ? new Promise(() => undefined) : this.works() ? Promise.resolve() : Promise.reject(new Error("refused"));
  }
  stop(): Promise<void> {
    this.stopped = true;
    return Promise.resolve();
  }
  onclose(callback: () => void): void {
    this.closed = callback;
  }
  invoke<T>(): Promise<T> {
    return new Promise(() => undefined);
  }
  send(): Promise<void> {
    return Promise.resolve();
  }
  stream(): never {
    throw new Error("not used here");
  }
}

const settle = async (): Promise<void> => {
  for (let i = 0; i < 10; i++) {
    await Promise.resolve();
  }
};

function make(): { link: HubLink; clock: TestClock; lines: Line[]; states: LinkState[]; net: { up: boolean; swallows: boolean } } {
  const net = { up: true, swallows: false };
  const lines: Line[] = [];
  const clock = new TestClock();
  const link = new HubLink(() => {
    const line = new Line(() => net.up, () => net.swallows);
    lines.push(line);
    return line;
  }, clock);
  const states: LinkState[] = [];
  link.onState(state => states.push(state));
  return { link, clock, lines, states, net };
}

test("A lost connection is made again at once, then after growing pauses, for as long as it takes", async () => {
  const { link, clock, lines, states, net } = make();
  link.start();
  await settle();
  assert.equal(link.state.kind, "connected");
  net.up = false;
  lines[0]!.closed!();
  await settle();
  assert.equal(lines.length, 2);
  const pauses: number[] = [];
  for (let i = 0; i < 10; i++) {
    assert.equal(link.state.kind, "waiting");
    const pause = (link.state as { retryAt: number }).retryAt - clock.now();
    pauses.push(pause);
    clock.advance(pause);
    await settle();
  }
  assert.deepEqual(pauses, [250, 500, 1000, 2000, 3000, 5000, 5000, 5000, 5000, 5000]);
  net.up = true;
  clock.advance(5000);
  await settle();
  assert.equal(link.state.kind, "connected");
  assert.ok(states.length > 10);
});

test("Reconnect now does not wait, and makes one connection", async () => {
  const { link, clock, lines, net } = make();
  net.up = false;
  link.start();
  await settle();
  net.up = true;
  link.retryNow();
  link.retryNow();
  await settle();
  clock.advance(60_000);
  await settle();
  assert.equal(lines.length, 2);
  assert.equal(link.state.kind, "connected");
});

test("An attempt of which nothing is heard is given up, and another one begins", async () => {
  const { link, clock, lines, states, net } = make();
  net.swallows = true;
  link.start();
  await settle();
  clock.advance(9999);
  assert.equal(states.at(-1)!.kind, "connecting");
  clock.advance(1);
  assert.equal(states.at(-1)!.kind, "waiting");
  assert.ok(lines[0]!.stopped);
  net.swallows = false;
  clock.advance(250);
  await settle();
  assert.equal(states.at(-1)!.kind, "connected");
  clock.advance(60_000);
  await settle();
  assert.equal(states.at(-1)!.kind, "connected");
  assert.equal(lines.length, 2);
});

test("Reconnect now gives up an attempt that takes long, and no other", async () => {
  const { link, clock, lines, states, net } = make();
  net.swallows = true;
  link.start();
  await settle();
  clock.advance(1000);
  link.retryNow();
  assert.equal(lines.length, 1);
  net.swallows = false;
  clock.advance(1000);
  link.retryNow();
  await settle();
  assert.equal(lines.length, 2);
  assert.ok(lines[0]!.stopped);
  assert.equal(states.at(-1)!.kind, "connected");
  clock.advance(60_000);
  assert.equal(states.at(-1)!.kind, "connected");
});

test("A connection that looks alive and does not answer is replaced", async () => {
  const { link, clock, lines } = make();
  link.start();
  await settle();
  const probing = link.probe(connection => connection.invoke("Ack"));
  clock.advance(4000);
  await probing;
  await settle();
  assert.equal(lines.length, 2);
  assert.ok(lines[0]!.stopped);
  assert.equal(link.state.kind, "connected");
});

test("An answer of any kind keeps the connection", async () => {
  const { link, lines } = make();
  link.start();
  await settle();
  await link.probe(() => Promise.reject(new Error("not_found")));
  assert.equal(lines.length, 1);
});

test("Closed stays closed", async () => {
  const { link, clock, lines } = make();
  link.start();
  await settle();
  link.close();
  lines[0]!.closed!();
  link.retryNow();
  clock.advance(60_000);
  await settle();
  assert.equal(lines.length, 1);
  assert.equal(link.state.kind, "closed");
});

test("Who waits for the connection hears of it, also when it comes back later, and of its end", async () => {
  const { link, clock, net } = make();
  net.up = false;
  link.start();
  let came = false;
  const first = link.connected().then(() => {
    came = true;
  });
  await settle();
  assert.equal(came, false);
  net.up = true;
  clock.advance(300);
  await settle();
  await first;
  await link.connected();
  link.close();
  await assert.rejects(link.connected(), /closed/);
});

test("Without a network the connection is given up at once, and made again when there is one", async () => {
  const { link, lines, states, net } = make();
  link.start();
  await settle();
  net.up = false;
  link.networkLost();
  await settle();
  assert.ok(lines[0]!.stopped);
  assert.equal(states.at(-1)!.kind, "waiting");
  net.up = true;
  link.retryNow();
  await settle();
  assert.equal(states.at(-1)!.kind, "connected");
});
