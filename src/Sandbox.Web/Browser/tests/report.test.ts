import assert from "node:assert/strict";
import { test } from "node:test";
import { addressOf } from "../src/tutorial/report";

test("A report fills in a new issue or a letter, and no other address", () => {
  assert.equal(addressOf("https://git.example/a/b/issues/new", "T: Step 1", "x&y"), "https://git.example/a/b/issues/new?title=T%3A%20Step%201&body=x%26y");
  assert.equal(addressOf("https://git.example/new?template=bug", "T", "b"), "https://git.example/new?template=bug&title=T&body=b");
  assert.equal(addressOf("mailto:a@example.org", "T", "b"), "mailto:a@example.org?subject=T&body=b");
  assert.equal(addressOf("javascript:alert(1)", "T", "b"), null);
});
