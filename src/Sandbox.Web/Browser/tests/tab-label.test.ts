import assert from "node:assert/strict";
import { test } from "node:test";
import type { Connection } from "../src/terminals/session/hub-link";
import { openShell } from "../src/workspace/open-terminal";
import { nextNumber, programWord } from "../src/workspace/tab-label";

test("Every shell is one, and what is none has its own name", () => {
  for (const command of [["/bin/bash"], ["-bash"], ["sh", "-l"], ["/bin/busybox", "ash"], [], null, undefined]) {
    assert.equal(programWord(command), "shell", String(command));
  }
  assert.equal(programWord(["/usr/bin/python3", "-q"]), "python3");
  assert.equal(programWord(["docker-php-entrypoint", "php", "-a"]), "php");
  assert.equal(programWord(["docker-entrypoint.sh", "bash"]), "shell");
  assert.equal(programWord(["/entrypoint.sh", "--verbose"]), "entrypoint.sh");
});

test("A new terminal is counted behind all that are there", () => {
  assert.equal(nextNumber([]), 1);
  assert.equal(nextNumber([1, 4]), 5);
});

test("A server that knows no shells of their own opens what the image starts, and one that refuses is heard", async () => {
  const calls: unknown[][] = [];
  const make = (words: string): Connection => ({
    invoke: (...call: unknown[]) => {
      calls.push(call);
      return call[0] === "OpenShell" ? Promise.reject(new Error(words)) : Promise.resolve("id");
    },
  }) as unknown as Connection;
  const size = { cols: 80, rows: 24 };
  assert.equal(await openShell(make("Failed to invoke 'OpenShell' due to an error on the server. HubException: Method does not exist."), "s", size, "/tmp"), "id");
  assert.deepEqual(calls, [["OpenShell", "s", 80, 24, "/tmp"], ["Open", "s", 80, 24, null]]);
  await assert.rejects(openShell(make("HubException: quota: There are too many."), "s", size, null), /quota/);
  assert.equal(calls.length, 3);
});
