import assert from "node:assert/strict";
import { test } from "node:test";
import { WholeCharacters } from "../src/terminals/view/whole-characters";

test("However text is split, characters arrive whole and no byte is lost", () => {
  const text = new Uint8Array([...new TextEncoder().encode("a—b “q” é 日本 😀 x"), 0xff, 0x80, 0xc3, 0x41, 0xe2]);
  for (let first = 0; first <= text.length; first++) {
    for (let second = first; second <= text.length; second++) {
      const characters = new WholeCharacters();
      const parts = [text.subarray(0, first), text.subarray(first, second), text.subarray(second)].map(part => characters.take(part));
      assert.deepEqual(parts.flatMap(part => [...part]), [...text.subarray(0, -1)]);
      for (const part of parts) {
        assert.ok(part.every((byte, at) => byte < 0xe2 || byte === 0xff || at + (byte >= 0xf0 ? 3 : 2) < part.length));
      }
    }
  }
});
