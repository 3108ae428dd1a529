import assert from "node:assert/strict";
import { test } from "node:test";
import { bytesOf, encode, isBelow, join, nameOf, parentOf, pathOf, rootPath, shown } from "../src/files/path";

test("every byte of a path survives in an address", () => {
  const path = join(rootPath, "a b%?#", Uint8Array.of(0xff, 0x0a, 0x00 + 0x2b), "naïve");
  assert.equal(encode(path), "/a%20b%25%3F%23/%FF%0A%2B/na%C3%AFve");
  assert.deepEqual(Uint8Array.from(decodeURIComponentBytes(encode(path))), path);
});

test("names lead to their directory and back", () => {
  assert.equal(encode(join(pathOf("/home"), "me", "file")), "/home/me/file");
  assert.equal(encode(parentOf(pathOf("/home/me"))), "/home");
  assert.equal(encode(parentOf(pathOf("/home"))), "/");
  assert.equal(encode(parentOf(rootPath)), "/");
  assert.equal(shown(nameOf(pathOf("/home/me"))), "me");
  assert.ok(isBelow(pathOf("/home/me"), pathOf("/home")));
  assert.ok(!isBelow(pathOf("/homework"), pathOf("/home")));
});

test("what is no text, or turns text around, shows as a mark", () => {
  assert.equal(shown(Uint8Array.of(0x61, 0xff)), "a\ufffd");
  assert.equal(shown(pathOf("a\u202eexe.txt\n")), "a\ufffdexe.txt\ufffd");
});

test("the bytes beside a name win over its text", () => {
  assert.deepEqual(bytesOf("\ufffd", "/w=="), Uint8Array.of(0xff));
  assert.deepEqual(bytesOf("ï"), Uint8Array.of(0xc3, 0xaf));
});

function decodeURIComponentBytes(text: string): number[] {
  return text.match(/%..|./g)!.map(each => each.length > 1 ? parseInt(each.slice(1), 16) : each.charCodeAt(0));
}
