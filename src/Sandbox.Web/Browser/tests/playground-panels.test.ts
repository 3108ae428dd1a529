import assert from "node:assert/strict";
import { test } from "node:test";
import { Problem, type Playground } from "../src/page/api";
import { frameStateOf } from "../src/frames/frame-panels";
import { refusedLaunch, stateOf } from "../src/workspace/playground-panels";

const nothing = { remove() {}, resume() {}, start() {}, setUp() {}, takeHome() {}, again() {} };
const held = "The host is short of memory, and this sandbox was taking more of it. It is paused until there is room, and goes on by itself; nothing is lost.";

function playground(state: string, notice: string | null, reason: string | null = null): Playground {
  return {
    id: "p", image: "busybox", state, error: null, saved: null, lease: { reason, message: null },
    sandboxes: [{ id: "s", name: "node", state, notice, reaches: "the internet" }],
  } as unknown as Playground;
}

test("A playground that the host paused says why", () => {
  const panel = stateOf(playground("paused", held), "BusyBox", nothing)!;
  assert.equal(panel.title, "Paused");
  assert.equal(panel.text, `${held} It keeps its memory and uses no CPU time.`);
  assert.equal(frameStateOf(playground("paused", held), "BusyBox", nothing, false)!.text, panel.text);
});

test("A playground that its owner paused says what that means", () => {
  assert.equal(stateOf(playground("paused", null), "BusyBox", nothing)!.text, "It keeps its memory and uses no CPU time.");
});

test("A playground that the host stopped or ended says why, and what to do", () => {
  const stopped = stateOf(playground("stopped", "The host ran short of memory. Start it again in a minute."), "BusyBox", nothing)!;
  assert.equal(stopped.text, "The host ran short of memory. Start it again in a minute.");
  assert.deepEqual(stopped.actions!.map(({ label }) => label), ["Start"]);
  const ended = stateOf(playground("ended", null, "disk_full"), "BusyBox", nothing)!;
  assert.match(ended.text!, /^The host's disk was nearly full, and your sandboxes used the most of it\./);
  assert.deepEqual(ended.actions!.map(({ label }) => label), ["Start a new one", "Other images"]);
});

test("An image that the required isolation excludes leads to other images", () => {
  const panel = refusedLaunch(new Problem("isolation_unavailable", 409, "Your plan requires gVisor."), () => undefined, null);
  assert.deepEqual([panel.title, panel.text, panel.actions!.map(({ label }) => label)], ["It cannot be isolated as required", "Your plan requires gVisor.", ["Other images"]]);
});
