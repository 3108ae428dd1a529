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
    title: "A", access: "anyone", budget: { atOnce: null, perDay: null, from: null, until: null, expiresAt: null, offline: false, origins: null },
  });
});

test("limits are numbers and times of the day, a ticked box takes the password away", () => {
  const { budget } = changeOf(form({ title: "A", access: "private", atOnce: "3", perDay: "20", from: "08:00", until: "18:00", expiresAt: "2026-12-01T10:00", password: "x", noPassword: "1", offline: "1" }));
  assert.deepEqual({ ...budget, expiresAt: Date.parse(budget.expiresAt!) }, {
    atOnce: 3, perDay: 20, from: "08:00", until: "18:00", expiresAt: new Date("2026-12-01T10:00").getTime(), offline: true, origins: null, password: "",
  });
});

test("pages that may show a link are origins, however they are written", () => {
  const { budget } = changeOf(form({ title: "A", access: "anyone", origins: " https://Docs.example/page?x=1,http://a.example:8080\n docs.example " }));
  assert.deepEqual(budget.origins, ["https://docs.example", "http://a.example:8080", "docs.example"]);
});

test("a title cannot leave its place in a snippet", () => {
  const snippets = Object.fromEntries(snippetsOf("https://s.example/x/a", "](x) \"><script> *b*"));
  assert.equal(snippets["Markdown"], "[![Open in Sandbox: \\](x) \"\\>\\<script\\> \\*b\\*](https://s.example/x/a/badge.svg)](https://s.example/x/a)");
  assert.equal(snippets["In a page"], "<script type=\"module\" src=\"https://s.example/embed.js\"></script>\n<sandbox-terminal link=\"a\"></sandbox-terminal>");
  assert.ok(snippets["HTML"]!.includes("alt=\"Open in Sandbox: ](x) &quot;>&lt;script> *b*\""));
  assert.equal(snippets["As an iframe"], "<iframe src=\"https://s.example/embed/terminal?link=a\" title=\"](x) &quot;>&lt;script> *b*\" width=\"100%\" height=\"400\" loading=\"lazy\" allow=\"clipboard-read; clipboard-write\"></iframe>");
});
