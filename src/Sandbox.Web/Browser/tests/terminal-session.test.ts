import assert from "node:assert/strict";
import { test } from "node:test";
import { type Connection, HubLink } from "../src/terminals/hub-link";
import { InputQueue } from "../src/terminals/input-queue";
import { type TerminalItem, TerminalSession } from "../src/terminals/terminal-session";
import { TestClock } from "./test-clock";

/** A hub written down call by call; a test answers each as it likes. */
class ScriptedHub implements Connection {
  readonly calls: { method: string; args: unknown[] }[] = [];
  readonly attached: { after: number; next(item: TerminalItem): void; error(error: unknown): void; complete(): void }[] = [];
  onInput: (bytes: Uint8Array) => Promise<void> = () => Promise.resolve();
  said: (terminal: string) => void = () => undefined;
  #closed: ((error?: Error) => void)[] = [];

  on(_method: string, callback: (...values: never[]) => void): void {
    this.said = callback as (terminal: string) => void;
  }
  start(): Promise<void> {
    return Promise.resolve();
  }
  stop(): Promise<void> {
    return Promise.resolve();
  }
  onclose(callback: (error?: Error) => void): void {
    this.#closed.push(callback);
  }
  drop(): void {
    for (const callback of this.#closed) {
      callback(new Error("gone"));
    }
  }
  async invoke<T>(method: string, ...args: unknown[]): Promise<T> {
    this.calls.push({ method, args });
    if (method === "Input") {
      await this.onInput(args[1] as Uint8Array);
    }
    return undefined as T;
  }
  send(method: string, ...args: unknown[]): Promise<void> {
    this.calls.push({ method, args });
    return Promise.resolve();
  }
  stream<T>(_method: string, ...args: unknown[]) {
    return {
      subscribe: (observer: { next(item: T): void; error(error: unknown): void; complete(): void }) => {
        this.attached.push({ after: args[1] as number, ...(observer as unknown as Pick<ScriptedHub["attached"][0], "next" | "error" | "complete">),
          next: item => observer.next(item as T), error: error => observer.error(error), complete: () => observer.complete() });
        return { dispose: () => undefined };
      },
    };
  }
  get inputs(): string {
    return this.calls.filter(call => call.method === "Input").map(call => new TextDecoder().decode(call.args[1] as Uint8Array)).join("|");
  }
  get acks(): number[] {
    return this.calls.filter(call => call.method === "Ack").map(call => call.args[1] as number);
  }
}

class Screen {
  text = "";
  gaps: { bytes: number; first: boolean }[] = [];
  hold = false;
  readonly held: (() => void)[] = [];
  write(data: Uint8Array, parsed: () => void): void {
    this.text += new TextDecoder().decode(data);
    if (this.hold) {
      this.held.push(parsed);
    } else {
      parsed();
    }
  }
  gap(bytes: number, first: boolean): void {
    this.gaps.push({ bytes, first });
    this.text += "…";
  }
  screen(data: Uint8Array, size: { cols: number; rows: number }, skipped: number, parsed: () => void): void {
    this.text += `[${size.cols}x${size.rows} after ${skipped}: ${new TextDecoder().decode(data)}]`;
    parsed();
  }
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const settle = async (): Promise<void> => {
  for (let i = 0; i < 20; i++) {
    await Promise.resolve();
  }
};

async function open(): Promise<{ hubs: ScriptedHub[]; link: HubLink; session: TerminalSession; screen: Screen; clock: TestClock }> {
  const hubs: ScriptedHub[] = [];
  const clock = new TestClock();
  const link = new HubLink(() => {
    const hub = new ScriptedHub();
    hubs.push(hub);
    return hub;
  }, clock);
  const screen = new Screen();
  link.start();
  await settle();
  const session = new TerminalSession(link, "terminal", screen, 0, clock);
  session.start();
  return { hubs, link, session, screen, clock };
}

test("After a loss it goes on at the very next byte", async () => {
  const { hubs, session, screen } = await open();
  hubs[0]!.attached[0]!.next({ offset: 0, data: bytes("hello ") });
  hubs[0]!.drop();
  await settle();
  assert.equal(hubs.length, 2);
  assert.equal(hubs[1]!.attached[0]!.after, 6);
  hubs[1]!.attached[0]!.next({ offset: 6, data: bytes("world") });
  assert.equal(screen.text, "hello world");
  assert.equal(session.held, 11);
  assert.deepEqual(screen.gaps, []);
});

test("Bytes that come twice are shown once", async () => {
  const { hubs, screen } = await open();
  const stream = hubs[0]!.attached[0]!;
  stream.next({ offset: 0, data: bytes("abcdef") });
  stream.next({ offset: 4, data: bytes("efgh") });
  stream.next({ offset: 0, data: bytes("abc") });
  assert.equal(screen.text, "abcdefgh");
});

test("Missing bytes are marked, and counted on from there", async () => {
  const { hubs, session, screen } = await open();
  const stream = hubs[0]!.attached[0]!;
  stream.next({ offset: 100, data: bytes("a") });
  stream.next({ offset: 151, data: bytes("b") });
  assert.deepEqual(screen.gaps, [{ bytes: 100, first: true }, { bytes: 50, first: false }]);
  assert.equal(screen.text, "…a…b");
  assert.equal(session.held, 152);
});

test("A screen in place of what was skipped is shown with its size, and counted on from there", async () => {
  const { hubs, session, screen } = await open();
  const stream = hubs[0]!.attached[0]!;
  stream.next({ offset: 1000, data: bytes("fresh"), screen: { cols: 80, rows: 24 } });
  stream.next({ offset: 1005, data: bytes("$") });
  stream.next({ offset: 3_000_000, data: bytes("late"), screen: { cols: 100, rows: 30 } });
  assert.equal(screen.text, "[80x24 after 0: fresh]$[100x30 after 2998998: late]");
  assert.equal(session.held, 3_000_004);
  assert.deepEqual(screen.gaps, []);
  // What was acknowledged before lies far behind: the server goes on at once.
  assert.equal(hubs[0]!.acks.at(-1), 3_000_004);
});

test("An old stream that still speaks after a reconnect is not heard", async () => {
  const { hubs, screen } = await open();
  const old = hubs[0]!.attached[0]!;
  old.next({ offset: 0, data: bytes("one") });
  hubs[0]!.drop();
  await settle();
  old.next({ offset: 3, data: bytes("ghost") });
  hubs[1]!.attached[0]!.next({ offset: 3, data: bytes(" two") });
  assert.equal(screen.text, "one two");
});

test("Only what was dealt with is acknowledged, and at least every 64 KiB", async () => {
  const { hubs, screen } = await open();
  screen.hold = true;
  const stream = hubs[0]!.attached[0]!;
  for (let i = 0; i < 8; i++) {
    stream.next({ offset: i * 16384, data: new Uint8Array(16384) });
  }
  assert.deepEqual(hubs[0]!.acks, []);
  screen.held.splice(0).forEach(parsed => parsed());
  const acks = hubs[0]!.acks;
  assert.equal(acks.at(-1), 8 * 16384);
  acks.reduce((before, ack) => {
    assert.ok(ack - before <= 65536, `${before} to ${ack}`);
    return ack;
  }, 0);
});

test("Keys keep their order while the server is full", async () => {
  const { hubs, session, clock } = await open();
  const hub = hubs[0]!;
  let refusals = 3;
  hub.onInput = async () => {
    if (refusals-- > 0) {
      throw new Error("An unexpected error occurred invoking 'Input' on the server. HubException: conflict: The program does not read");
    }
  };
  const notices: unknown[] = [];
  session.onInputNotice = notice => notices.push(notice);
  session.type(bytes("a"));
  session.type(bytes("b"));
  await settle();
  session.type(bytes("c"));
  for (let i = 0; i < 6; i++) {
    clock.advance(1000);
    await settle();
  }
  assert.equal(hub.inputs, "a|a|a|a|bc");
  assert.deepEqual(notices, ["full", "full", "full", null]);
});

test("Long input goes in pieces of 16 KiB, one after another", async () => {
  const { hubs, session } = await open();
  let under = 0;
  hubs[0]!.onInput = async data => {
    assert.equal(++under, 1);
    assert.ok(data.length <= 16384);
    await Promise.resolve();
    under--;
  };
  const text = Array.from({ length: 50_000 }, (_, i) => String.fromCharCode(97 + (i % 26))).join("");
  session.type(bytes(text));
  await settle();
  await settle();
  assert.equal(hubs[0]!.inputs.replaceAll("|", ""), text);
});

test("Keys typed while the connection is away are sent when it is back", async () => {
  const { hubs, session } = await open();
  hubs[0]!.onInput = () => new Promise(() => undefined);
  hubs[0]!.drop();
  session.type(bytes("later"));
  await settle();
  assert.equal(hubs[0]!.inputs, "");
  assert.equal(hubs[1]!.inputs, "later");
});

test("Keys that were under way when it broke are not typed twice", async () => {
  const { hubs, session } = await open();
  let fail: (error: Error) => void = () => undefined;
  hubs[0]!.onInput = () => new Promise((_, reject) => {
    fail = reject;
  });
  const notices: unknown[] = [];
  session.onInputNotice = notice => notices.push(notice);
  session.type(bytes("rm x\n"));
  await settle();
  hubs[0]!.drop();
  fail(new Error("Invocation canceled due to the underlying connection being closed."));
  await settle();
  assert.equal(hubs[1]!.inputs, "");
  assert.deepEqual(notices, ["uncertain"]);
  session.type(bytes("ls\n"));
  await settle();
  assert.equal(hubs[1]!.inputs, "ls\n");
});

test("The last item ends it with its exit code, and nothing attaches again", async () => {
  const { hubs, session } = await open();
  hubs[0]!.attached[0]!.next({ offset: 0, data: bytes("bye"), exitCode: 3 });
  hubs[0]!.attached[0]!.complete();
  hubs[0]!.drop();
  await settle();
  assert.equal(session.state, "exited");
  assert.equal(session.exitCode, 3);
  assert.equal(hubs[1]!.attached.length, 0);
  assert.equal(session.type(bytes("x")), false);
});

test("A terminal that cannot be attached is given up after a few attempts", async () => {
  const { hubs, session, clock } = await open();
  for (let i = 0; i < 10 && session.state !== "gone"; i++) {
    hubs[0]!.attached.at(-1)!.error(new Error("HubException: not_found"));
    clock.advance(10_000);
    await settle();
  }
  assert.equal(session.state, "gone");
  assert.equal(hubs[0]!.attached.length, 4);
});

test("While the runtime is away, a terminal is not given up", async () => {
  const { hubs, session, clock } = await open();
  for (let i = 0; i < 10; i++) {
    hubs[0]!.attached.at(-1)!.error(new Error("HubException: runtime_unavailable: The daemon cannot be reached."));
    clock.advance(10_000);
    await settle();
  }
  assert.equal(session.state, "attaching");
  hubs[0]!.attached.at(-1)!.next({ offset: 0, data: bytes("$ ") });
  assert.equal(session.state, "live");
});

test("A quiet terminal is live once it is attached again", async () => {
  const { hubs, session } = await open();
  hubs[0]!.attached[0]!.next({ offset: 0, data: bytes("$ ") });
  hubs[0]!.drop();
  await settle();
  assert.equal(session.state, "attaching");
  hubs[1]!.said("another");
  hubs[0]!.said("terminal");
  assert.equal(session.state, "attaching");
  hubs[1]!.said("terminal");
  assert.equal(session.state, "live");
});

test("Being attached is no news of a stream that has ended", async () => {
  const { hubs, session, clock } = await open();
  hubs[0]!.attached[0]!.error(new Error("HubException: runtime_unavailable: The daemon cannot be reached."));
  hubs[0]!.said("terminal");
  assert.equal(session.state, "attaching");
  clock.advance(10_000);
  hubs[0]!.said("terminal");
  assert.equal(session.state, "live");
});

test("Keys that the server refuses for too long are complained of", async () => {
  const { hubs, session, clock } = await open();
  hubs[0]!.onInput = () => Promise.reject(new Error("HubException: runtime_unavailable: The daemon cannot be reached."));
  const notices: unknown[] = [];
  session.onInputNotice = notice => notices.push(notice);
  session.type(bytes("ls\n"));
  for (let i = 0; i < 10; i++) {
    await settle();
    clock.advance(10_000);
  }
  assert.deepEqual(notices, ["lost"]);
});

test("A queue takes all of a paste or none of it", () => {
  const queue = new InputQueue(10);
  assert.ok(queue.push(bytes("12345")));
  assert.ok(!queue.push(bytes("678901")));
  assert.equal(queue.length, 5);
  assert.ok(queue.push(bytes("67890")));
  assert.equal(new TextDecoder().decode(queue.take(7)), "1234567");
  queue.unshift(bytes("67"));
  assert.equal(new TextDecoder().decode(queue.take(99)), "67890");
});

test("On a slow line a little is acknowledged soon too, and a key's echo is not", async () => {
  const { hubs, clock } = await open();
  const stream = hubs[0]!.attached[0]!;
  stream.next({ offset: 0, data: bytes("x".repeat(100)) });
  clock.advance(1000);
  assert.deepEqual(hubs[0]!.acks, []);
  stream.next({ offset: 100, data: bytes("x".repeat(4000)) });
  stream.next({ offset: 4100, data: bytes("x".repeat(4000)) });
  assert.deepEqual(hubs[0]!.acks, []);
  clock.advance(200);
  assert.deepEqual(hubs[0]!.acks, [8100]);
  clock.advance(1000);
  assert.deepEqual(hubs[0]!.acks, [8100]);
});

test("Closing fails when nobody knows whether the terminal is closed, and not when it was gone already", async () => {
  for (const [words, fails] of [["HubException: not_found: There is no such terminal.", false], ["HubException: runtime_unavailable: The daemon is away.", true]] as const) {
    const { hubs, session } = await open();
    hubs[0]!.invoke = () => Promise.reject(new Error(words));
    assert.equal(await session.close().then(() => false, () => true), fails);
  }
});
