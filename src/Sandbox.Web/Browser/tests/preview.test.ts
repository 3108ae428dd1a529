import assert from "node:assert/strict";
import { test } from "node:test";
import { isTheirs, isTooOften } from "../src/previews/focus-guard";
import { pathOf, tabAddress } from "../src/previews/preview-pane";

test("What somebody writes is a path of the port, whatever it looks like", () => {
  assert.equal(pathOf(" index.html "), "/index.html");
  assert.equal(pathOf("/a?b=1#c"), "/a?b=1#c");
  assert.equal(pathOf("http://8080-abc.localhost:8080/a?b"), "/a?b");
  assert.equal(pathOf("https://elsewhere.example"), "/");
  assert.equal(pathOf(""), "/");
  assert.equal(pathOf("javascript:alert(1)"), "/javascript:alert(1)");
  assert.equal(pathOf("x".repeat(9999)).length, 4097);
});

test("A tab is opened through this site, which makes a pass", () => {
  assert.equal(tabAddress({ sandbox: "abc", port: 80, path: "/" }), "/sandboxes/abc/ports/80");
  assert.equal(tabAddress({ sandbox: "abc", port: 80, path: "/a?b=1&c" }), "/sandboxes/abc/ports/80?path=%2Fa%3Fb%3D1%26c");
});

test("A frame has the focus after a click or Tab, and not while somebody types elsewhere", () => {
  const typing = { isPointerOver: false, lastKey: 1000, lastTab: -Infinity };
  assert.equal(isTheirs(1100, typing), false);
  assert.equal(isTheirs(9000, typing), false);
  assert.equal(isTheirs(1100, { ...typing, isPointerOver: true }), false);
  assert.equal(isTheirs(1500, { ...typing, isPointerOver: true }), true);
  assert.equal(isTheirs(1100, { ...typing, lastTab: 1050 }), true);
  assert.equal(isTheirs(2000, { ...typing, lastTab: 1050 }), false);
});

test("A page that does not stop taking the focus is closed", () => {
  assert.equal(isTooOften([1, 2, 3, 4]), false);
  assert.equal(isTooOften([1, 2, 3, 4, 5]), true);
  assert.equal(isTooOften([1, 2, 3, 4, 10_001]), false);
});
