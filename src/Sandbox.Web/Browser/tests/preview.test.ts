import assert from "node:assert/strict";
import { test } from "node:test";
import { isTooOften } from "../src/previews/frame-cover";
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

test("A page that does not stop taking the focus is closed", () => {
  assert.equal(isTooOften([1, 2, 3, 4]), false);
  assert.equal(isTooOften([1, 2, 3, 4, 5]), true);
  assert.equal(isTooOften([1, 2, 3, 4, 10_001]), false);
});
