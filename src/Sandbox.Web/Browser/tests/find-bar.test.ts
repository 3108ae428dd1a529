import assert from "node:assert/strict";
import { test } from "node:test";
import { found, problemOf } from "../src/terminal-page/find-words";

test("A regular expression that is none says what is wrong with it", () => {
  assert.equal(problemOf("a+"), null);
  assert.equal(problemOf("("), "Unterminated group");
  assert.match(problemOf("[z-a]")!, /range/i);
});

test("What was found is counted, up to a bound", () => {
  assert.equal(found(-1, 0), "Not found");
  assert.equal(found(0, 3), "1 of 3");
  assert.equal(found(-1, 1000), "1000+");
  assert.equal(found(4, 1000), "5 of 1000+");
});
