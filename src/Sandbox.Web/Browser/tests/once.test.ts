import assert from "node:assert/strict";
import { test } from "node:test";
import { once } from "../src/page/once";

test("What is asked for twice while it loads is one, and what failed is tried again", async () => {
  let loads = 0;
  let works = false;
  const load = once(async () => {
    loads++;
    await Promise.resolve();
    if (!works) {
      throw new Error("no network");
    }
    return {};
  });
  await Promise.all([assert.rejects(load()), assert.rejects(load())]);
  assert.equal(loads, 1);
  works = true;
  const [first, second] = await Promise.all([load(), load()]);
  assert.equal(first, second);
  assert.equal(await load(), first);
  assert.equal(loads, 2);
});
