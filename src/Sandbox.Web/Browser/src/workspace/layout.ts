/** Which way the parts of a split lie: side by side, or one below the other. */
export type Direction = "row" | "column";

/** Where something is, seen from a pane. */
export type Side = "left" | "right" | "up" | "down";

/** A place on the page with one or more terminals, of which one is shown; the others are behind their tabs. */
export interface Pane {
  readonly id: string;
  readonly tabs: readonly string[];
  readonly active: string;
}

/** Two or more parts beside each other; their sizes add up to 1. */
export interface Split {
  readonly id: string;
  readonly direction: Direction;
  readonly parts: readonly Part[];
  readonly sizes: readonly number[];
}

export type Part = Pane | Split;

/** Where every terminal of a playground is. Never changed: each operation gives a new one. */
export interface Layout {
  readonly root: Part;
  /** The pane that keys go to. */
  readonly focused: string;
  /** The focused pane takes all of the place, the others wait behind it. */
  readonly zoomed: boolean;
}

export const isPane = (part: Part): part is Pane => "tabs" in part;

export function single(tabs: readonly string[], active = tabs[0] ?? ""): Layout {
  return { root: { id: "1", tabs, active }, focused: "1", zoomed: false };
}

/** All panes in reading order. */
export function panes(layout: Layout): Pane[] {
  const walk = (part: Part): Pane[] => isPane(part) ? [part] : part.parts.flatMap(walk);
  return walk(layout.root);
}

export function paneOf(layout: Layout, terminal: string): Pane | undefined {
  return panes(layout).find(pane => pane.tabs.includes(terminal));
}

export function focusedPane(layout: Layout): Pane {
  const all = panes(layout);
  return all.find(pane => pane.id === layout.focused) ?? all[0]!;
}

/** Puts a terminal into a pane and shows it. */
export function add(layout: Layout, terminal: string, pane = layout.focused, index = Number.MAX_SAFE_INTEGER): Layout {
  return {
    ...layout,
    focused: pane,
    zoomed: layout.zoomed && pane === layout.focused,
    root: change(layout.root, pane, found => ({ ...found, tabs: inserted(found.tabs, terminal, index), active: terminal })),
  };
}

/** Shows a terminal and gives it the keys. */
export function activate(layout: Layout, terminal: string): Layout {
  const pane = paneOf(layout, terminal);
  return pane ? {
    ...layout,
    focused: pane.id,
    zoomed: layout.zoomed && pane.id === layout.focused,
    root: change(layout.root, pane.id, found => ({ ...found, active: terminal })),
  } : layout;
}

/** Takes a terminal away; a pane that is empty then goes too, and its place to its neighbours. */
export function remove(layout: Layout, terminal: string): Layout {
  const pane = paneOf(layout, terminal);
  if (!pane) {
    return layout;
  }
  const index = pane.tabs.indexOf(terminal);
  const tabs = pane.tabs.filter(tab => tab !== terminal);
  const all = panes(layout);
  if (tabs.length > 0 || all.length === 1) {
    const active = pane.active === terminal ? tabs[Math.min(index, tabs.length - 1)] ?? "" : pane.active;
    return { ...layout, root: change(layout.root, pane.id, found => ({ ...found, tabs, active })) };
  }
  const at = all.indexOf(pane);
  const next = all[at - 1] ?? all[at + 1]!;
  const root = without(layout.root, pane.id)!;
  return layout.focused === pane.id ? { root, focused: next.id, zoomed: false } : { ...layout, root, zoomed: layout.zoomed && !isPane(root) };
}

/** Gives a terminal a pane of its own at one side of another pane. A terminal that has a place already moves. */
export function split(layout: Layout, pane: string, side: Side, terminal: string): Layout {
  const home = paneOf(layout, terminal);
  if (home?.id === pane && home.tabs.length === 1) {
    return { ...layout, focused: pane };
  }
  const base = remove(layout, terminal);
  const id = nextId(base);
  const fresh: Pane = { id: String(id), tabs: [terminal], active: terminal };
  const direction: Direction = side === "left" || side === "right" ? "row" : "column";
  const before = side === "left" || side === "up";
  const walk = (part: Part): Part => {
    if (isPane(part)) {
      return part.id === pane
        ? { id: String(id + 1), direction, parts: before ? [fresh, part] : [part, fresh], sizes: [0.5, 0.5] }
        : part;
    }
    const index = part.parts.findIndex(each => each.id === pane);
    if (index < 0 || part.direction !== direction) {
      return { ...part, parts: part.parts.map(walk) };
    }
    const half = part.sizes[index]! / 2;
    const at = before ? index : index + 1;
    return {
      ...part,
      parts: inserted(part.parts, fresh, at),
      sizes: inserted(part.sizes.map((size, each) => each === index ? half : size), half, at),
    };
  };
  return { root: walk(base.root), focused: fresh.id, zoomed: false };
}

/** Moves a terminal to a place among the tabs of a pane: its own or another one. */
export function move(layout: Layout, terminal: string, pane: string, index: number): Layout {
  const home = paneOf(layout, terminal);
  if (!home || !panes(layout).some(each => each.id === pane)) {
    return layout;
  }
  if (home.id === pane) {
    const tabs = inserted(home.tabs.filter(tab => tab !== terminal), terminal, index);
    return { ...layout, root: change(layout.root, pane, found => ({ ...found, tabs })) };
  }
  return add(remove(layout, terminal), terminal, pane, index);
}

/** Moves a terminal to a place among all terminals in reading order, as a page that shows one strip for all has them. */
export function moveInOrder(layout: Layout, terminal: string, index: number): Layout {
  const others = panes(layout).flatMap(pane => pane.tabs).filter(tab => tab !== terminal);
  const before = others[index];
  const pane = before === undefined ? panes(layout).at(-1)! : paneOf(layout, before)!;
  const tabs = pane.tabs.filter(tab => tab !== terminal);
  return move(layout, terminal, pane.id, before === undefined ? tabs.length : tabs.indexOf(before));
}

/** Moves the border behind a part of a split by a share of the split; both sides keep at least `least`. */
export function resize(layout: Layout, splitId: string, index: number, by: number, least = 0.1): Layout {
  const walk = (part: Part): Part => {
    if (isPane(part)) {
      return part;
    }
    if (part.id !== splitId) {
      return { ...part, parts: part.parts.map(walk) };
    }
    const [first, second] = [part.sizes[index], part.sizes[index + 1]];
    if (first === undefined || second === undefined) {
      return part;
    }
    const floor = Math.min(least, (first + second) / 2);
    const moved = Math.min(first + second - floor, Math.max(floor, first + by));
    return { ...part, sizes: part.sizes.map((size, each) => each === index ? moved : each === index + 1 ? first + second - moved : size) };
  };
  return { ...layout, root: walk(layout.root) };
}

/** Makes all parts of a split the same size. */
export function even(layout: Layout, splitId: string): Layout {
  const walk = (part: Part): Part => isPane(part) ? part : {
    ...part,
    parts: part.parts.map(walk),
    sizes: part.id === splitId ? part.sizes.map(() => 1 / part.sizes.length) : part.sizes,
  };
  return { ...layout, root: walk(layout.root) };
}

/** What the page shows: everything, or one pane when that is zoomed or the page is as narrow as a phone. */
export function shown(layout: Layout, narrow: boolean): Layout {
  const pane = focusedPane(layout);
  if (narrow) {
    return { root: { ...pane, tabs: panes(layout).flatMap(each => each.tabs) }, focused: pane.id, zoomed: false };
  }
  return layout.zoomed ? { root: pane, focused: pane.id, zoomed: true } : layout;
}

/** Brings a remembered layout and the terminals that are open now together: what is gone drops out, what is new comes last. */
export function reconcile(layout: Layout | null, open: readonly string[]): Layout {
  if (!layout || open.length === 0) {
    return single(open);
  }
  const kept = panes(layout).flatMap(pane => pane.tabs).filter(tab => !open.includes(tab)).reduce(remove, layout);
  const focused = focusedPane(kept);
  const fresh = open.filter(terminal => !paneOf(kept, terminal));
  if (fresh.length === 0) {
    return { ...kept, focused: focused.id };
  }
  const tabs = [...focused.tabs, ...fresh];
  return { ...kept, focused: focused.id, root: change(kept.root, focused.id, found => ({ ...found, tabs, active: found.active || tabs[0]! })) };
}

function change(part: Part, id: string, by: (pane: Pane) => Pane): Part {
  if (isPane(part)) {
    return part.id === id ? by(part) : part;
  }
  return { ...part, parts: part.parts.map(each => change(each, id, by)) };
}

/** Without a pane: a split of one part becomes that part, and a split in a split of the same direction joins it. */
function without(part: Part, id: string): Part | null {
  if (isPane(part)) {
    return part.id === id ? null : part;
  }
  const parts: Part[] = [];
  const sizes: number[] = [];
  part.parts.forEach((each, index) => {
    const rest = without(each, id);
    if (!rest) {
      return;
    }
    const size = part.sizes[index]!;
    if (!isPane(rest) && rest.direction === part.direction) {
      parts.push(...rest.parts);
      sizes.push(...rest.sizes.map(inner => inner * size));
    } else {
      parts.push(rest);
      sizes.push(size);
    }
  });
  const sum = sizes.reduce((total, size) => total + size, 0);
  return parts.length < 2 ? parts[0] ?? null : { ...part, parts, sizes: sizes.map(size => size / sum) };
}

function nextId(layout: Layout): number {
  const ids = (part: Part): number[] => [Number(part.id), ...isPane(part) ? [] : part.parts.flatMap(ids)];
  return Math.max(...ids(layout.root)) + 1;
}

function inserted<T>(list: readonly T[], item: T, index: number): T[] {
  const at = Math.max(0, Math.min(index, list.length));
  return [...list.slice(0, at), item, ...list.slice(at)];
}
