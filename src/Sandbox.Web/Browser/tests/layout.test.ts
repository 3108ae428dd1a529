import assert from "node:assert/strict";
import { test } from "node:test";
import { neighbour, places } from "../src/workspace/geometry";
import { activate, add, even, isPane, type Layout, move, moveInOrder, type Part, paneOf, panes, reconcile, remove, resize, shown, single, split, type Split } from "../src/workspace/layout";

/** [a|b,c] for a split to the right, [a/b] for one downwards; the active tab is in capitals. */
function text(layout: Layout): string {
  const walk = (part: Part): string => isPane(part)
    ? part.tabs.map(tab => tab === part.active ? tab.toUpperCase() : tab).join(",")
    : `[${part.parts.map(walk).join(part.direction === "row" ? "|" : "/")}]`;
  return walk(layout.root);
}

const focus = (layout: Layout): string => panes(layout).find(pane => pane.id === layout.focused)!.active;
const pane = (layout: Layout, terminal: string): string => paneOf(layout, terminal)!.id;
const sizes = (layout: Layout): readonly number[] => (layout.root as Split).sizes;
/** a on the left; b over c on the right. */
function three(): Layout {
  const two = split(single(["a"]), "1", "right", "b");
  return split(two, pane(two, "b"), "down", "c");
}

test("A new terminal comes last and gets the keys", () => {
  const layout = add(add(single(["a"]), "b"), "c");
  assert.equal(text(layout), "a,b,C");
  assert.equal(focus(layout), "c");
});

test("A split gives half of the pane to the new terminal, and the same direction again makes no nest", () => {
  const two = split(single(["a"]), "1", "right", "b");
  assert.equal(text(two), "[A|B]");
  assert.equal(focus(two), "b");
  const right = split(two, pane(two, "b"), "right", "c");
  assert.equal(text(right), "[A|B|C]");
  assert.deepEqual(sizes(right), [0.5, 0.25, 0.25]);
  assert.equal(text(split(two, pane(two, "a"), "left", "c")), "[C|A|B]");
  assert.equal(text(three()), "[A|[B/C]]");
});

test("A terminal of a pane with others moves by a split; one that is alone there stays", () => {
  const tabs = single(["a", "b"]);
  assert.equal(text(split(tabs, "1", "right", "b")), "[A|B]");
  assert.equal(text(split(single(["a"]), "1", "right", "a")), "A");
  const layout = three();
  assert.equal(text(split(layout, pane(layout, "a"), "up", "c")), "[[C/A]|B]");
});

test("An empty pane goes, its place goes to its neighbours, and one that is left alone is no split", () => {
  const layout = three();
  assert.equal(text(remove(layout, "a")), "[B/C]");
  assert.equal(text(remove(layout, "b")), "[A|C]");
  assert.equal(text(remove(remove(layout, "b"), "a")), "C");
  assert.equal(text(remove(single(["a"]), "a")), "");
  assert.equal(text(remove(layout, "nobody")), text(layout));
  const right = split(split(single(["a"]), "1", "right", "b"), "1", "right", "c");
  assert.deepEqual(sizes(remove(right, "c")), [1 / 3, 2 / 3]);
});

test("A split that loses its own direction joins the one around it", () => {
  // [a / [b | c]] inside a row: without a, b and c stand beside d.
  const row = split(single(["a"]), "1", "right", "d");
  const nested = split(split(row, pane(row, "a"), "down", "b"), pane(row, "a"), "down", "x");
  const inner = split(nested, pane(nested, "b"), "right", "c");
  assert.equal(text(inner), "[[A/X/[B|C]]|D]");
  const joined = remove(remove(inner, "a"), "x");
  assert.equal(text(joined), "[B|C|D]");
  assert.deepEqual(sizes(joined), [0.25, 0.25, 0.5]);
});

test("The neighbour of a closed tab is shown, and of a closed pane gets the keys", () => {
  assert.equal(text(remove(activate(single(["a", "b", "c"]), "b"), "b")), "a,C");
  assert.equal(text(remove(activate(single(["a", "b"]), "b"), "b")), "A");
  assert.equal(text(remove(activate(single(["a", "b"]), "b"), "a")), "B");
  assert.equal(focus(remove(three(), "c")), "b");
  assert.equal(focus(remove(three(), "a")), "c");
});

test("Tabs change places in their pane and move to others", () => {
  const layout = single(["a", "b", "c"]);
  assert.equal(text(move(layout, "a", "1", 2)), "b,c,A");
  assert.equal(text(move(layout, "c", "1", 0)), "c,A,b");
  const two = split(layout, "1", "right", "d");
  assert.equal(text(move(two, "a", pane(two, "d"), 0)), "[B,c|A,d]");
  assert.equal(text(move(two, "d", "1", 1)), "a,D,b,c");
  assert.equal(text(move(two, "d", "99", 1)), text(two));
});

test("In one strip for all panes a tab goes to the place of the one it is dropped on", () => {
  const layout = add(three(), "d", "1");
  assert.equal(text(layout), "[a,D|[B/C]]");
  assert.equal(text(moveInOrder(layout, "a", 1)), "[D|[A,b/C]]");
  assert.equal(text(moveInOrder(layout, "a", 3)), "[D|[B/c,A]]");
  assert.equal(text(moveInOrder(layout, "c", 0)), "[C,a,d|B]");
});

test("A border moves by a share, leaves both sides something, and Enter makes all the same", () => {
  const layout = split(single(["a"]), "1", "right", "b");
  const id = layout.root.id;
  assert.deepEqual(sizes(resize(layout, id, 0, 0.2)), [0.7, 0.30000000000000004]);
  assert.deepEqual(sizes(resize(layout, id, 0, -5)), [0.1, 0.9]);
  assert.deepEqual(sizes(resize(layout, id, 0, 5, 0.25)), [0.75, 0.25]);
  assert.deepEqual(sizes(resize(layout, id, 7, 0.2)), [0.5, 0.5]);
  assert.deepEqual(sizes(even(resize(layout, id, 0, 0.2), id)), [0.5, 0.5]);
});

test("A phone shows all terminals in one strip, and a zoomed pane is alone", () => {
  const layout = three();
  assert.equal(text(shown(layout, true)), "a,b,C");
  assert.equal(text(shown({ ...layout, zoomed: true }, false)), "C");
  assert.equal(text(shown(layout, false)), "[A|[B/C]]");
  assert.equal(activate({ ...layout, zoomed: true }, "a").zoomed, false);
});

test("What is gone drops out of a remembered layout, and what is new appears", () => {
  assert.equal(text(reconcile(null, ["x", "y"])), "X,y");
  assert.equal(text(reconcile(three(), ["a", "b", "c"])), "[A|[B/C]]");
  assert.equal(text(reconcile(three(), ["b", "x"])), "B,x");
  assert.equal(text(reconcile(three(), ["a", "c", "x"])), "[A|C,x]");
  assert.equal(text(reconcile(three(), ["x"])), "X");
  // With none left it is as in the beginning, where a page has made room for the first one already.
  assert.deepEqual(reconcile(remove(three(), "a"), []), single([]));
});

test("Panes and borders lie where the sizes say", () => {
  const layout = three();
  const { boxes, borders } = places(layout);
  assert.deepEqual(boxes.get(pane(layout, "a")), { left: 0, top: 0, width: 0.5, height: 1 });
  assert.deepEqual(boxes.get(pane(layout, "c")), { left: 0.5, top: 0.5, width: 0.5, height: 0.5 });
  assert.deepEqual(borders.map(({ direction, share, box }) => ({ direction, share, box })), [
    { direction: "row", share: 0.5, box: { left: 0, top: 0, width: 1, height: 1 } },
    { direction: "column", share: 0.5, box: { left: 0.5, top: 0, width: 0.5, height: 1 } },
  ]);
});

test("The pane beside another is the one across its middle", () => {
  const layout = three();
  const beside = (from: string, side: "left" | "right" | "up" | "down"): string | undefined => {
    const found = neighbour(layout, pane(layout, from), side);
    return panes(layout).find(each => each.id === found)?.active;
  };
  assert.equal(beside("b", "left"), "a");
  assert.equal(beside("c", "left"), "a");
  assert.equal(beside("b", "down"), "c");
  assert.equal(beside("c", "up"), "b");
  assert.equal(beside("a", "left"), undefined);
  assert.equal(beside("a", "up"), undefined);
  const lower = resize(layout, (layout.root as Split).parts[1]!.id, 0, -0.2);
  assert.equal(panes(lower).find(each => each.id === neighbour(lower, pane(lower, "a"), "right"))?.active, "c");
});

test("Whatever is done in whatever order, every terminal has one place and all places fill the page", () => {
  let seed = 7;
  const random = (below: number): number => {
    seed = (seed * 1103515245 + 12345) % 2147483648;
    return Math.floor(seed / 65536) % below;
  };
  for (let run = 0; run < 200; run++) {
    let layout = single(["t0"]);
    const alive = new Set(["t0"]);
    for (let step = 1; step < 40; step++) {
      const all = panes(layout);
      const target = all[random(all.length)]!;
      const some = [...alive][random(alive.size)]!;
      switch (random(5)) {
        case 0: layout = add(layout, `t${step}`, target.id); alive.add(`t${step}`); break;
        case 1: layout = split(layout, target.id, (["left", "right", "up", "down"] as const)[random(4)]!, `t${step}`); alive.add(`t${step}`); break;
        case 2: if (alive.size > 1) { layout = remove(layout, some); alive.delete(some); } break;
        case 3: layout = move(layout, some, target.id, random(4)); break;
        case 4: layout = split(layout, target.id, (["left", "right", "up", "down"] as const)[random(4)]!, some); break;
      }
      const tabs = panes(layout).flatMap(each => each.tabs);
      assert.deepEqual([...tabs].sort(), [...alive].sort());
      assert.ok(panes(layout).every(each => each.tabs.includes(each.active)));
      assert.ok(panes(layout).some(each => each.id === layout.focused));
      const area = [...places(layout).boxes.values()].reduce((sum, box) => sum + box.width * box.height, 0);
      assert.ok(Math.abs(area - 1) < 1e-9, `${area}`);
    }
  }
});

test("A pane that is left alone is not a large one among others", () => {
  const two = { ...split(single(["a"]), "1", "right", "b"), zoomed: true };
  assert.equal(remove(two, "a").zoomed, false);
  const layout = { ...three(), zoomed: true };
  assert.equal(remove(layout, "a").zoomed, true);
  assert.equal(reconcile(layout, ["c"]).zoomed, false);
});
