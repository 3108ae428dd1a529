import assert from "node:assert/strict";
import { test } from "node:test";
import { type Connection, HubLink } from "../src/terminals/session/hub-link";
import { InputQueue } from "../src/terminals/session/input-queue";
import { type TerminalItem, TerminalSession } from "../src/terminals/session/terminal-session";
import { TestClock } from "./test-clock";

/** A hub written down call by call; a test answers each as it likes. */
class ScriptedHub implements Connection {
  readonly calls: { method: string; args: unknown[] }[] = [];
  /** What was typed here, piece by piece, whether or not it was taken, and what each said was before it. */
  readonly typed: { at: number; data: Uint8Array }[] = [];
  readonly attached: { after: number; next(item: TerminalItem): void; error(error: unknown): void; complete(): void }[] = [];
  onType: (data: Uint8Array, at: number) => Promise<void> = () => Promise.resolve();
  said: (terminal: string) => void = () => undefined;
  /** Those who want to hear when a viewer is attached. */
  readonly listeners = new Set<unknown>();
  #closed: ((error?: Error) => void)[] = [];

  on(_method: string, callback: (...values: never[]) => void): void {
    this.listeners.add(callback);
    this.said = callback as (terminal: string) => void;
  }
  off(_method: string, callback: (...values: never[]) => void): void {
    this.listeners.delete(callback);
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
    if (method === "Type") {
      const [, at, data] = args as [string, number, Uint8Array];
      this.typed.push({ at, data });
      await this.onType(data, at);
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
    return this.typed.map(({ data }) => new TextDecoder().decode(data)).join("|");
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
  const session = new TerminalSession(link, "terminal", screen, clock);
  session.start();
  return { hubs, link, session, screen, clock };
}

/** The same, and the server has said that the viewer is attached; keys that are under way can be answered one by one. */
async function openLive(): Promise<Awaited<ReturnType<typeof open>> & { hub: ScriptedHub; notices: unknown[]; answers: { take(): void; refuse(words: string): void }[] }> {
  const all = await open();
  const hub = all.hubs[0]!;
  hub.said("terminal");
  const answers: { take(): void; refuse(words: string): void }[] = [];
  hub.onType = () => new Promise((resolve, reject) => answers.push({ take: resolve, refuse: words => reject(new Error(words)) }));
  const notices: unknown[] = [];
  all.session.onInputNotice = notice => notices.push(notice);
  return { ...all, hub, notices, answers };
}

const full = "An unexpected error occurred invoking 'Type' on the server. HubException: conflict: The program does not read";

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
  const { hub, session, clock, notices } = await openLive();
  let refusals = 3;
  hub.onType = async () => {
    if (refusals-- > 0) {
      throw new Error(full);
    }
  };
  session.type(bytes("a"));
  await settle();
  session.type(bytes("b"));
  session.type(bytes("c"));
  for (let i = 0; i < 6; i++) {
    clock.advance(1000);
    await settle();
  }
  assert.equal(hub.inputs, "a|abc|abc|abc");
  assert.deepEqual(hub.typed.map(({ at }) => at), [0, 0, 0, 0]);
  assert.deepEqual(notices, ["full", "full", "full", null]);
});

test("A key does not wait for the answer to the one before", async () => {
  const { hub, session, answers } = await openLive();
  session.type(bytes("l"));
  session.type(bytes("s"));
  session.type(bytes("\r"));
  await settle();
  assert.equal(answers.length, 3);
  assert.deepEqual(hub.typed.map(({ at }) => at), [0, 1, 2]);
});

test("How long a key has waited for its answer is known, also behind answers to others", async () => {
  const { session, answers, clock } = await openLive();
  const began = clock.now();
  assert.equal(session.waitingSince, null);
  session.type(bytes("a"));
  clock.advance(100);
  session.type(bytes("b"));
  await settle();
  assert.equal(session.waitingSince, began);
  answers[0]!.take();
  await settle();
  assert.equal(session.waitingSince, began + 100);
  answers[1]!.take();
  await settle();
  assert.equal(session.waitingSince, null);
});

test("Long input goes in pieces of 16 KiB, no more than 64 KiB unanswered, each with what was before it", async () => {
  const { hub, session, answers } = await openLive();
  const text = Array.from({ length: 200_000 }, (_, i) => String.fromCharCode(97 + (i % 26))).join("");
  session.type(bytes(text));
  await settle();
  assert.equal(answers.length, 4);
  for (let i = 0; i < answers.length; i++) {
    answers[i]!.take();
    await settle();
    assert.ok(hub.typed.slice(i + 1).reduce((sum, { data }) => sum + data.length, 0) <= 65536);
  }
  assert.equal(hub.inputs.replaceAll("|", ""), text);
  hub.typed.reduce((before, { at, data }) => {
    assert.equal(at, before);
    assert.ok(data.length <= 16384);
    return at + data.length;
  }, 0);
});

test("Behind a refused piece everything goes again from there, and alone until one is taken", async () => {
  const { hub, session, clock, notices, answers } = await openLive();
  const text = "0".repeat(16384) + "1".repeat(16384) + "2".repeat(16384) + "3".repeat(16384) + "4".repeat(100);
  session.type(bytes(text));
  await settle();
  answers[0]!.take();
  answers[1]!.refuse(full);
  answers[2]!.refuse(full);
  await settle();
  clock.advance(1000);
  await settle();
  // One is not answered yet.
  assert.equal(hub.typed.length, 5);
  answers[3]!.refuse(full);
  answers[4]!.refuse(full);
  await settle();
  assert.deepEqual(notices, ["full"]);
  assert.equal(hub.typed.length, 5);
  clock.advance(40);
  await settle();
  assert.equal(hub.typed.length, 6);
  assert.equal(hub.typed[5]!.at, 16384);
  answers[5]!.take();
  await settle();
  assert.deepEqual(notices, ["full", null]);
  assert.deepEqual(hub.typed.slice(6).map(({ at }) => at), [32768, 49152, 65536]);
  assert.equal(hub.inputs.split("|").filter((_, i) => i === 0 || i > 4).join(""), text);
});

test("A piece that was taken says so for those before it, in whatever order the answers come", async () => {
  const { hub, session, clock, notices, answers } = await openLive();
  session.type(bytes("a"));
  session.type(bytes("b"));
  session.type(bytes("c"));
  await settle();
  answers[2]!.refuse(full);
  answers[1]!.take();
  await settle();
  clock.advance(40);
  await settle();
  assert.equal(hub.inputs, "a|b|c|c");
  assert.equal(hub.typed[3]!.at, 2);
  answers[0]!.take();
  answers[3]!.take();
  await settle();
  assert.deepEqual(notices, ["full", null]);
});

test("Keys typed while the connection is away are sent when the terminal is attached again", async () => {
  const { hubs, hub, session } = await openLive();
  hub.drop();
  session.type(bytes("later"));
  await settle();
  assert.equal(hub.inputs, "");
  assert.equal(hubs[1]!.inputs, "");
  hubs[1]!.said("terminal");
  await settle();
  assert.equal(hubs[1]!.inputs, "later");
  assert.equal(hubs[1]!.typed[0]!.at, 0);
});

test("Keys wait for a stream that begins anew, and for the answers to those before them", async () => {
  const { hub, session, clock, notices, answers } = await openLive();
  session.type(bytes("a"));
  session.type(bytes("b"));
  await settle();
  hub.attached[0]!.error(new Error("HubException: runtime_unavailable: The daemon cannot be reached."));
  session.type(bytes("c"));
  clock.advance(10_000);
  hub.said("terminal");
  await settle();
  assert.equal(hub.inputs, "a|b");
  answers[0]!.take();
  answers[1]!.refuse(full);
  await settle();
  assert.equal(hub.inputs, "a|b|bc");
  assert.equal(hub.typed[2]!.at, 0);
  assert.deepEqual(notices, []);
});

test("Keys that were under way when it broke are not typed twice, and those that were refused are typed after all", async () => {
  const { hubs, hub, session, notices, answers } = await openLive();
  session.type(bytes("rm x\n"));
  await settle();
  hub.drop();
  answers[0]!.refuse("Invocation canceled due to the underlying connection being closed.");
  await settle();
  hubs[1]!.said("terminal");
  await settle();
  assert.equal(hubs[1]!.inputs, "");
  assert.deepEqual(notices, ["uncertain"]);
  hubs[1]!.onType = data => data.length === 3 ? Promise.reject(new Error(full)) : new Promise(() => undefined);
  session.type(bytes("ls\n"));
  session.type(bytes("pwd\n"));
  await settle();
  assert.equal(hubs[1]!.inputs, "ls\n|pwd\n");
  hubs[1]!.drop();
  await settle();
  hubs[2]!.said("terminal");
  await settle();
  assert.equal(hubs[2]!.inputs, "ls\npwd\n");
  assert.deepEqual(notices, ["uncertain"]);
});

test("Where the server broke over a key, the terminal is attached anew, and what was typed behind it goes then", async () => {
  const { hub, session, notices, answers } = await openLive();
  session.type(bytes("a"));
  session.type(bytes("b"));
  await settle();
  answers[0]!.refuse("An unexpected error occurred invoking 'Type' on the server.");
  answers[1]!.refuse(full);
  await settle();
  assert.deepEqual(notices, ["uncertain"]);
  assert.equal(hub.attached.length, 2);
  assert.equal(hub.inputs, "a|b");
  hub.said("terminal");
  await settle();
  assert.equal(hub.inputs, "a|b|b");
  assert.equal(hub.typed[2]!.at, 0);
});

test("To a server that does not know how to count keys they go one by one", async () => {
  const { hubs, hub, session, answers, clock } = await openLive();
  const old: string[] = [];
  let answer: () => void = () => undefined;
  const invoke = hub.invoke.bind(hub);
  hub.invoke = <T>(method: string, ...args: unknown[]): Promise<T> => {
    if (method !== "Input") {
      return invoke(method, ...args);
    }
    old.push(new TextDecoder().decode(args[1] as Uint8Array));
    return new Promise(resolve => {
      answer = () => resolve(undefined as T);
    });
  };
  session.type(bytes("a"));
  session.type(bytes("b"));
  await settle();
  answers[0]!.refuse("Failed to invoke 'Type' due to an error on the server. HubException: Method does not exist.");
  answers[1]!.refuse("Unknown hub method 'Type'");
  await settle();
  session.type(bytes("c"));
  session.type(bytes("d"));
  await settle();
  assert.deepEqual(old, ["ab"]);
  answer();
  await settle();
  assert.deepEqual(old, ["ab", "cd"]);
  // After the update it is another server.
  answer();
  await settle();
  hub.drop();
  clock.advance(1000);
  await settle();
  hubs[1]!.said("terminal");
  session.type(bytes("e"));
  await settle();
  assert.equal(hubs[1]!.inputs, "e");
  assert.deepEqual(old, ["ab", "cd"]);
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
  const { hub, session, clock, notices } = await openLive();
  hub.onType = () => Promise.reject(new Error("HubException: runtime_unavailable: The daemon cannot be reached."));
  session.type(bytes("ls\n"));
  for (let i = 0; i < 10; i++) {
    await settle();
    clock.advance(10_000);
  }
  assert.deepEqual(notices, ["lost"]);
  assert.equal(hub.typed.length, 5);
  hub.onType = () => Promise.resolve();
  session.type(bytes("pwd\n"));
  await settle();
  assert.equal(hub.typed[5]!.at, 0);
});

test("What a session left listens to nothing, and one that is started twice attaches once", async () => {
  const { hubs, link, session } = await open();
  session.start();
  assert.equal(hubs[0]!.attached.length, 1);
  assert.equal(hubs[0]!.listeners.size, 1);
  hubs[0]!.drop();
  await settle();
  assert.equal(hubs[0]!.listeners.size, 0);
  assert.equal(hubs[1]!.listeners.size, 1);
  session.detach();
  assert.equal(hubs[1]!.listeners.size, 0);
  assert.equal(link.state.kind, "connected");
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

test("What is closed while there is no connection is closed over the next one", async () => {
  const { hubs, session } = await open();
  hubs[0]!.drop();
  await session.close();
  assert.deepEqual(hubs[0]!.calls.filter(call => call.method === "Close"), []);
  assert.deepEqual(hubs[1]!.calls.filter(call => call.method === "Close").map(call => call.args), [[session.id]]);
});
