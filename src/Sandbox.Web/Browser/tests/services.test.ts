import assert from "node:assert/strict";
import { test } from "node:test";
import { freeName, newPassword, nextNode, services, urlVariable } from "../src/workspace/services";

test("a name of a node is free", () => {
  assert.equal(freeName("redis", []), "redis");
  assert.equal(freeName("redis", ["main", "redis", "redis2"]), "redis3");
  assert.equal(nextNode(["main"]), "node2");
  assert.equal(nextNode(["main", "node3"]), "node4");
});

test("the variable of a node's address is what the server sets", () => {
  assert.equal(urlVariable("shop-db"), "SHOP_DB_URL");
  assert.equal(urlVariable("1st"), "NODE_1ST_URL");
});

test("passwords need no quoting and differ", () => {
  const password = newPassword();
  assert.match(password, /^[0-9a-v]{16}$/);
  assert.notEqual(password, newPassword());
  for (const service of services) {
    for (const { line } of service.connect("db", password)) {
      assert.ok(line.includes(password) && line.includes("db"), line);
    }
  }
});
