import assert from "node:assert/strict";
import { test } from "node:test";
import { textOf } from "../src/editor/file-content";
import { languageOf } from "../src/editor/languages";

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);

test("a file is text only if it is UTF-8 without zero bytes", () => {
  assert.equal(textOf(bytes()), "");
  assert.equal(textOf(new TextEncoder().encode("naïve 😀\r\n")), "naïve 😀\r\n");
  assert.equal(textOf(bytes(0xef, 0xbb, 0xbf, 0x61)), "\ufeffa");
  assert.equal(textOf(bytes(0x61, 0, 0x62)), null);
  assert.equal(textOf(bytes(0xff, 0xfe)), null);
});

test("a language is known by the file's name, else by the program of its first line", () => {
  for (const [name, language] of [
    ["main.py", "Python"], ["docker-compose.yml", "YAML"], ["Dockerfile", "Dockerfile"], ["Dockerfile.dev", "Dockerfile"], ["a.test.tsx", "TypeScript"],
    [".bashrc", "Shell"], ["nginx.conf", "nginx"], ["my.cnf", "Settings"], ["index.html", "HTML"], ["README", "Markdown"], ["Program.cs", "C#"],
  ] as const) {
    assert.equal(languageOf(name, "")?.name, language, name);
  }
  assert.equal(languageOf("run", "#!/usr/bin/env python3")?.name, "Python");
  assert.equal(languageOf("run", "#!/bin/sh -eu")?.name, "Shell");
  assert.equal(languageOf("run", "echo #!/bin/sh"), null);
});
