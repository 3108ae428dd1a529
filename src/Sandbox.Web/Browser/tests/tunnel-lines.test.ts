import assert from "node:assert/strict";
import { test } from "node:test";
import { startLine, useLines } from "../src/workspace/tunnel-lines";

test("a tunnel's command names its targets, and other ports where only an administrator may listen", () => {
  assert.equal(startLine("https://x.example", "abcdefghijklmnop", ["docker", 5432, 80]),
    "python3 sandbox-tunnel.py https://x.example/api/v1/sandboxes/abcdefghijklmnop docker 5432 10080:80");
  assert.deepEqual(useLines("abcdefghijklmnop", 80).map(({ line }) => line), ["http://127.0.0.1:10080"]);
});

test("known programs have their own commands", () => {
  assert.deepEqual(useLines("abcdefghijklmnop", "docker").map(({ line }) => line), [
    'docker context create playground-abcd --docker "host=unix://$HOME/.sandbox/abcdefghijklmnop.sock"',
    "docker --context playground-abcd run --rm -it debian",
  ]);
  assert.deepEqual([5432, 6379].flatMap(port => useLines("x", port)).map(({ line }) => line.split(" ")[0]), ["psql", "redis-cli"]);
});
