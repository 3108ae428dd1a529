import assert from "node:assert/strict";
import { test } from "node:test";
import { defaults, parsePreferences, type Preferences, PreferenceStore, type Store, zoomText } from "../src/terminals/view/preferences";

function storage(): Store & { text: string | null } {
  return {
    text: null,
    getItem() {
      return this.text;
    },
    setItem(_key, value) {
      this.text = value;
    },
  };
}

test("What is stored and makes no sense is as by default, each by itself", () => {
  for (const text of [null, "", "null", "7", "[]", "{", `{"fontSize":14${" ".repeat(3000)}}`]) {
    assert.deepEqual(parsePreferences(text), defaults);
  }
  assert.deepEqual(
    parsePreferences('{"fontSize":1e9,"lineHeight":"1.5","theme":"__proto__","font":"toString","cursor":"bar","scrollback":1000000000,"copyOnSelect":1,"rightClick":"paste","blink":false,"other":1}'),
    { ...defaults, cursor: "bar", rightClick: "paste", blink: false });
});

test("A change is kept, told to who listens here, and found by another page", () => {
  const kept = storage();
  const here = new PreferenceStore(kept);
  const there = new PreferenceStore(kept);
  const heard: Preferences[] = [];
  there.onChange(now => heard.push(now));
  here.change({ theme: "one-dark", fontSize: 20 });
  assert.equal(here.now.theme, "one-dark");
  there.stored("something-else");
  assert.equal(heard.length, 0);
  there.stored("terminal-preferences");
  there.stored(null);
  assert.deepEqual(heard, [{ ...defaults, theme: "one-dark", fontSize: 20 }]);
  assert.equal(new PreferenceStore(kept).now.fontSize, 20);
});

test("A change that makes no sense changes nothing, and a full storage not the choice", () => {
  const store = new PreferenceStore({ getItem: () => null, setItem: () => { throw new Error("full"); } });
  let heard = 0;
  store.onChange(() => heard++);
  store.change({ fontSize: Number.NaN });
  assert.equal(heard, 0);
  store.change({ bell: "visual" });
  assert.equal(store.now.bell, "visual");
});

test("Text grows and shrinks within bounds, and goes back", () => {
  const store = new PreferenceStore(null);
  assert.equal(zoomText(2, store), 16);
  assert.equal(zoomText(100, store), 32);
  assert.equal(zoomText(-100, store), 8);
  assert.equal(zoomText(0, store), 14);
});
