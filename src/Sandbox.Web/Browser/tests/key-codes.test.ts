import assert from "node:assert/strict";
import { test } from "node:test";
import { keyCode, tapped, typed } from "../src/terminals/input/key-codes";

const none = { ctrl: false, alt: false };
const ctrl = { ctrl: true, alt: false };
const alt = { ctrl: false, alt: true };
const both = { ctrl: true, alt: true };

test("Arrows follow the mode the program asked for, and say what is held with them", () => {
  assert.equal(keyCode("ArrowUp", none, false), "\x1b[A");
  assert.equal(keyCode("ArrowUp", none, true), "\x1bOA");
  assert.equal(keyCode("ArrowLeft", ctrl, true), "\x1b[1;5D");
  assert.equal(keyCode("ArrowRight", alt, false), "\x1b[1;3C");
  assert.equal(keyCode("ArrowDown", both, false), "\x1b[1;7B");
});

test("A page up or down says what is held with it", () => {
  assert.equal(keyCode("PageUp", none, false), "\x1b[5~");
  assert.equal(keyCode("PageDown", none, true), "\x1b[6~");
  assert.equal(keyCode("PageDown", both, false), "\x1b[6;7~");
});

test("Ctrl makes control characters, Alt puts an escape before", () => {
  assert.equal(typed("c", ctrl), "\x03");
  assert.equal(typed("C", ctrl), "\x03");
  assert.equal(typed("[", ctrl), "\x1b");
  assert.equal(typed(" ", ctrl), "\0");
  assert.equal(typed("?", ctrl), "\x7f");
  assert.equal(typed("/", ctrl), "\x1f");
  assert.equal(typed("é", ctrl), "é");
  assert.equal(typed("word", ctrl), "word");
  assert.equal(typed("b", alt), "\x1bb");
  assert.equal(typed("d", both), "\x1b\x04");
  assert.equal(typed("x", none), "x");
  assert.equal(keyCode("Esc", alt, false), "\x1b\x1b");
  assert.equal(keyCode("Tab", none, false), "\t");
  assert.equal(keyCode("|", none, false), "|");
});

test("One tap holds for a key, two at once until the next tap", () => {
  assert.equal(tapped("off", 100), "once");
  assert.equal(tapped("once", 100), "locked");
  assert.equal(tapped("once", 1000), "off");
  assert.equal(tapped("locked", 100), "off");
});
