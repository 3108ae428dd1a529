import assert from "node:assert/strict";
import { test } from "node:test";
import { changeOf } from "../src/saving/edit-link";
import { snippetsOf } from "../src/saving/made-link";

function form(values: Record<string, string>): FormData {
  const data = new FormData();
  for (const [name, value] of Object.entries(values)) {
    data.set(name, value);
  }
  return data;
}

test("empty limits are none, and an empty password keeps the one there is", () => {
  assert.deepEqual(changeOf(form({ title: "A", access: "anyone", atOnce: "", perDay: "", from: "", until: "", expiresAt: "", password: "" })), {
    title: "A", access: "anyone", budget: { atOnce: null, perDay: null, from: null, until: null, expiresAt: null, offline: false },
  });
});

test("limits are numbers and times of the day, a ticked box takes the password away", () => {
  const { budget } = changeOf(form({ title: "A", access: "private", atOnce: "3", perDay: "20", from: "08:00", until: "18:00", expiresAt: "2026-12-01T10:00", password: "x", noPassword: "1", offline: "1" }));
  assert.deepEqual({ ...budget, expiresAt: Date.parse(budget.expiresAt!) }, {
    atOnce: 3, perDay: 20, from: "08:00", until: "18:00", expiresAt: new Date("2026-12-01T10:00").getTime(), offline: true, password: "",
  });
});

test("a title cannot leave its place in a snippet", () => {
  const snippets = Object.fromEntries(snippetsOf("https://s.example/x/a", "](x) \"><script> *b*"));
  assert.equal(snippets["Markdown"], "[![Open in Sandbox: \\](x) \"\\>\\<script\\> \\*b\\*](https://s.example/x/a/badge.svg)](https://s.example/x/a)");
  assert.ok(snippets["HTML"]!.includes("alt=\"Open in Sandbox: ](x) &quot;>&lt;script> *b*\""));
});
