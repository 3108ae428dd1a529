import assert from "node:assert/strict";
import { test } from "node:test";
import { Audience, type AudienceNow, changes, following, type Viewer } from "../src/sharing/audience";
import { refusalOf } from "../src/sharing/refusal";
import type { Connection, HubLink, LinkState } from "../src/terminals/session/hub-link";

const viewer = (id: string, access: Viewer["access"], you = false): Viewer => ({ id, name: `name ${id}`, access, you, leads: false });
const item = (policy: AudienceNow["policy"], ...viewers: Viewer[]): AudienceNow => ({ viewers, cols: 80, rows: 24, policy });

/** A link whose connection records what it is asked, and tells what a test says. */
function linkOf(): { link: HubLink; calls: unknown[][]; tell: (now: AudienceNow) => void; reconnect: () => void } {
  const calls: unknown[][] = [];
  let listener: (state: LinkState) => void = () => undefined;
  let next: (now: AudienceNow) => void = () => undefined;
  const connect = (): Connection => ({
    start: () => Promise.resolve(),
    stop: () => Promise.resolve(),
    onclose: () => undefined,
    invoke: <T>(...call: unknown[]) => {
      calls.push(call);
      return Promise.resolve(undefined as T);
    },
    send: () => Promise.resolve(),
    stream: <T>(...call: unknown[]) => {
      calls.push(call);
      return {
        subscribe: (observer: { next(item: T): void }) => {
          next = now => observer.next(now as T);
          return { dispose: () => undefined };
        },
      };
    },
  });
  const link = {
    connection: connect(),
    onState: (heard: (state: LinkState) => void) => {
      listener = heard;
      return () => undefined;
    },
  };
  return {
    link: link as unknown as HubLink,
    calls,
    tell: now => next(now),
    reconnect: () => {
      link.connection = connect();
      listener({ kind: "connected" });
    },
  };
}

test("Who follows by a link is told apart from the owner's own pages", () => {
  const { link, tell } = linkOf();
  const audience = new Audience(link, "t");
  tell(item("owner", viewer("a", "own", true), viewer("b", "watch"), viewer("c", "type"), viewer("d", "watch")));
  assert.equal(audience.you?.id, "a");
  assert.equal(following(audience.guests), "2 watching, 1 can type");
  assert.equal(following([]), "");
});

test("What a restarted server forgot of the size is told again", async () => {
  const { link, calls, tell, reconnect } = linkOf();
  const audience = new Audience(link, "t");
  tell(item("owner", viewer("a", "own", true)));
  await audience.decide("smallest");
  reconnect();
  tell(item("owner", viewer("a", "own", true)));
  assert.deepEqual(calls, [["Viewers", "t"], ["SizePolicy", "t", "smallest"], ["Viewers", "t"], ["SizePolicy", "t", "smallest"]]);
});

test("A size that another page decided since is left alone", async () => {
  const { link, calls, tell, reconnect } = linkOf();
  const audience = new Audience(link, "t");
  tell(item("owner", viewer("a", "own", true)));
  await audience.decide("smallest");
  tell(item("smallest", viewer("a", "own", true)));
  tell(item("owner", viewer("a", "own", true)));
  reconnect();
  tell(item("owner", viewer("a", "own", true)));
  assert.deepEqual(calls.filter(([method]) => method === "SizePolicy"), [["SizePolicy", "t", "smallest"]]);
});

test("Comings and goings are one sentence, however many", () => {
  const [a, b, c, d] = [viewer("a", "watch"), viewer("b", "watch"), viewer("c", "watch"), viewer("d", "type")];
  assert.equal(changes([], []), "");
  assert.equal(changes([a], [a, b]), "name b came");
  assert.equal(changes([a, b], [c]), "name c came; name a, name b left");
  assert.equal(changes([], [a, b, c, d]), "4 people came");
});

test("Every reason a link opens nothing has its page", () => {
  assert.deepEqual(["unauthorized", "share_revoked", "share_expired", "share_ended", "quota", "internal", undefined].map(refusalOf),
    ["unknown", "revoked", "expired", "ended", "full", null, null]);
});
