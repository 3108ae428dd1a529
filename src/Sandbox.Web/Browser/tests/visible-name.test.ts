import assert from "node:assert/strict";
import { test } from "node:test";
import { visibleName } from "../src/files/visible-name";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (name: Uint8Array): string => visibleName(name).map(each => each.odd ? `[${each.text}]` : each.text).join("");

test("A usual name is as it is", () => {
  assert.deepEqual(visibleName(bytes("naïve 😀 file.txt")), [{ text: "naïve 😀 file.txt", odd: false }]);
});

test("What would not be seen has a stand-in", () => {
  assert.equal(text(bytes("a\nb\tc\u007f\u0001")), "a[\\n]b[\\t]c[\\x7f\\x01]");
  assert.equal(text(Uint8Array.of(0x61, 0xff, 0x62, 0xc3)), "a[\\xff]b[\\xc3]");
  assert.equal(text(bytes("a\u202eexe.txt\u0085")), "a[\\u{202e}]exe.txt[\\u{0085}]");
  assert.equal(text(bytes("\ufeffa")), "[\\u{feff}]a");
});

test("Spaces at the ends are dots, and none between words", () => {
  assert.equal(text(bytes("  a b ")), "[··]a b[·]");
  assert.equal(text(bytes(" ")), "[·]");
});

test("Broken beginnings of letters do not swallow what follows", () => {
  assert.equal(text(Uint8Array.of(0xe2, 0x82, 0x41, 0xf0, 0x9f, 0x98, 0x80)), "[\\xe2\\x82]A😀");
  assert.equal(text(Uint8Array.of(0xc0, 0xaf, 0x80)), "[\\xc0\\xaf\\x80]");
});
