import assert from "node:assert/strict";
import { test } from "node:test";
import { paceOf, paceWords } from "../src/latency/round-trip";
import { Silence } from "../src/latency/silence";
import { type Connection, HubLink } from "../src/terminals/session/hub-link";
import { TestClock } from "./test-clock";

const settle = async (): Promise<void> => {
  for (let i = 0; i < 10; i++) {
    await Promise.resolve();
  }
};

async function make() {
  const clock = new TestClock();
  let connections = 0;
  const link = new HubLink(() => {
    connections++;
    return { start: () => Promise.resolve(), stop: () => Promise.resolve(), onclose: () => undefined } as unknown as Connection;
  }, clock);
  link.start();
  await settle();
  const session = { waitingSince: null as number | null, pings: 0, answers: true, ping: (): Promise<void> => {
    session.pings++;
    return session.answers ? Promise.resolve() : new Promise(() => undefined);
  } };
  return { clock, link, session, silence: new Silence(link, () => [session], clock), made: () => connections };
}

test("A key without an answer is spoken of after a second and a half, and as long as there is none", async () => {
  const { clock, session, silence } = await make();
  session.waitingSince = clock.now();
  clock.advance(1499);
  assert.equal(silence.look(), null);
  clock.advance(1);
  assert.equal(silence.look(), 1500);
  assert.equal(paceOf(true, 15, 2600), "silent");
  assert.equal(paceWords("silent", 15, 2600), "No answer for 2 s");
  session.waitingSince = null;
  assert.equal(silence.look(), null);
  assert.equal(session.pings, 0);
});

test("A link that answers no key for six seconds is asked, and made anew when it does not answer that", async () => {
  const { clock, session, silence, made } = await make();
  session.answers = false;
  session.waitingSince = clock.now();
  clock.advance(5999);
  silence.look();
  assert.equal(session.pings, 0);
  clock.advance(1);
  silence.look();
  clock.advance(1000);
  silence.look();
  assert.equal(session.pings, 1);
  clock.advance(3000);
  await settle();
  assert.equal(made(), 2);
});

test("A link that answers is kept, and asked again only after a while", async () => {
  const { clock, session, silence, made } = await make();
  session.waitingSince = clock.now();
  clock.advance(6000);
  silence.look();
  await settle();
  clock.advance(5999);
  silence.look();
  assert.equal(session.pings, 1);
  clock.advance(1);
  assert.equal(silence.look(), 12_000);
  assert.equal(session.pings, 2);
  assert.equal(made(), 1);
});
