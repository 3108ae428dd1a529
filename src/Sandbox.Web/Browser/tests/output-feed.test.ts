import assert from "node:assert/strict";
import { test } from "node:test";
import { OutputFeed } from "../src/terminals/view/output-feed";

/** A terminal that parses when the test says so. */
function setUp(): { feed: OutputFeed; written: string[]; parse: () => void; done: string[]; write: (text: string) => void } {
  const written: string[] = [];
  const callbacks: (() => void)[] = [];
  const done: string[] = [];
  const feed = new OutputFeed({
    write: (data, parsed) => {
      written.push(Buffer.from(data).toString());
      callbacks.push(parsed);
    },
  });
  return {
    feed, written, done,
    parse: () => callbacks.shift()!(),
    write: text => feed.write(Buffer.from(text), () => done.push(text)),
  };
}

test("what comes while a piece is parsed is the next piece, in order, and each part is told of", () => {
  const { written, parse, done, write } = setUp();
  write("a");
  assert.deepEqual(written, ["a"]);
  write("b");
  write("cc");
  assert.deepEqual(written, ["a"]);
  parse();
  assert.deepEqual(done, ["a"]);
  assert.deepEqual(written, ["a", "bcc"]);
  write("d");
  parse();
  assert.deepEqual(done, ["a", "b", "cc"]);
  parse();
  assert.deepEqual(done, ["a", "b", "cc", "d"]);
  write("e");
  assert.deepEqual(written, ["a", "bcc", "d", "e"]);
});

test("flushed, what waits goes before whatever follows", () => {
  const { feed, written, parse, done, write } = setUp();
  write("a");
  write("b");
  feed.flush();
  assert.deepEqual(written, ["a", "b"]);
  write("c");
  parse();
  assert.deepEqual(written, ["a", "b"]);
  parse();
  assert.deepEqual(written, ["a", "b", "c"]);
  parse();
  assert.deepEqual(done, ["a", "b", "c"]);
});

test("a flood is written in large pieces, and as far as it came when it pauses", context => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const { written, parse, write } = setUp();
  const lengths = (): number[] => written.map(text => text.length);
  write("x".repeat(40_000));
  write("x".repeat(60_000));
  parse();
  assert.deepEqual(lengths(), [40_000]);
  write("x".repeat(60_000));
  assert.deepEqual(lengths(), [40_000]);
  write("x".repeat(60_000));
  assert.deepEqual(lengths(), [40_000, 180_000]);
  parse();
  write("end");
  assert.deepEqual(lengths(), [40_000, 180_000]);
  context.mock.timers.tick(30);
  assert.deepEqual(lengths(), [40_000, 180_000, 3]);
  parse();
  write("k");
  assert.deepEqual(lengths(), [40_000, 180_000, 3, 1]);
});
