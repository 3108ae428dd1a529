import { browserStorage } from "../page/storage";
import type { Place } from "../previews/framed";
import { isPane, type Layout, type Part, panes } from "./layout";

/** What is remembered of a playground's page in this browser. */
export interface Remembered {
  layout: Layout;
  /** Names that were given, by terminal. */
  names: Record<string, string>;
  /** Numbers that they have, by terminal. */
  numbers: Record<string, number>;
}

const prefix = "layout-";
const copiesPrefix = "copies-";
const previewPrefix = "preview-";
/** Playgrounds whose layout is kept; those that were looked at longest ago go first. */
const kept = 20;
const maxLength = 16 * 1024;
const maxDepth = 12;
const maxTabs = 64;
export const maxName = 60;

/** Reads what was remembered; null when there is nothing, or nothing that makes sense. */
export function recall(playground: string, storage: Storage | null = browserStorage()): Remembered | null {
  return parse(storage?.getItem(prefix + playground) ?? null);
}

/** Remembers, and forgets playgrounds of long ago. */
export function remember(playground: string, { layout, names, numbers }: Remembered, now = Date.now(), storage: Storage | null = browserStorage()): void {
  const text = JSON.stringify({ at: now, layout, names, numbers });
  if (!storage || text.length > maxLength) {
    return;
  }
  try {
    storage.setItem(prefix + playground, text);
    const all = Array.from({ length: storage.length }, (_, index) => storage.key(index)!)
      .filter(key => key.startsWith(prefix))
      .map(key => ({ key, at: writtenAt(storage.getItem(key)) }))
      .sort((first, second) => second.at - first.at);
    for (const { key } of all.slice(kept)) {
      forget(key.slice(prefix.length), storage);
    }
  } catch {
    // Full or refused: the layout lasts as long as the page.
  }
}

/** Calls back when another page of this browser remembers something of a playground. */
export function followRemembered(isMeant: (playground: string) => boolean, listener: (remembered: Remembered) => void): void {
  window.addEventListener("storage", ({ key, newValue }) => {
    const remembered = key?.startsWith(prefix) && isMeant(key.slice(prefix.length)) ? parse(newValue) : null;
    if (remembered) {
      listener(remembered);
    }
  });
}

export function forget(playground: string, storage: Storage | null = browserStorage()): void {
  storage?.removeItem(prefix + playground);
  storage?.removeItem(copiesPrefix + playground);
  storage?.removeItem(previewPrefix + playground);
}

/** The page of a port that stood beside the terminals; null when there was none. */
export function previewOf(playground: string, storage: Storage | null = browserStorage()): Place | null {
  try {
    const { sandbox, port, path } = JSON.parse(storage?.getItem(previewPrefix + playground) ?? "{}") as Partial<Place>;
    return typeof sandbox === "string" && /^[a-z0-9]{1,32}$/.test(sandbox) && Number.isInteger(port) && port! >= 1 && port! <= 65_535 && typeof path === "string" && path.startsWith("/")
      ? { sandbox, port: port!, path }
      : null;
  } catch {
    return null;
  }
}

export function rememberPreview(playground: string, place: Place | null, storage: Storage | null = browserStorage()): void {
  try {
    if (place) {
      storage?.setItem(previewPrefix + playground, JSON.stringify({ sandbox: place.sandbox, port: place.port, path: place.path }));
    } else {
      storage?.removeItem(previewPrefix + playground);
    }
  } catch {
    // Full or refused: it lasts as long as the page.
  }
}

/** Whether programs of a playground may write the clipboard without a question. */
export function copiesAllowed(playground: string, storage: Storage | null = browserStorage()): boolean {
  return storage?.getItem(copiesPrefix + playground) === "yes";
}

export function allowCopies(playground: string, storage: Storage | null = browserStorage()): void {
  try {
    storage?.setItem(copiesPrefix + playground, "yes");
  } catch {
    // Full or refused: it is asked again.
  }
}

export function parse(text: string | null): Remembered | null {
  if (!text || text.length > maxLength) {
    return null;
  }
  try {
    const { layout, names, numbers } = JSON.parse(text) as Partial<Remembered>;
    if (!layout || !isPart(layout.root, 0) || typeof layout.focused !== "string" || typeof layout.zoomed !== "boolean") {
      return null;
    }
    const tabs = panes(layout).flatMap(pane => pane.tabs);
    const ids = allIds(layout.root);
    if (tabs.length > maxTabs || new Set(tabs).size !== tabs.length || new Set(ids).size !== ids.length) {
      return null;
    }
    return {
      layout,
      names: Object.fromEntries(Object.entries(names ?? {}).filter(([, name]) => typeof name === "string" && name.length <= maxName)),
      numbers: Object.fromEntries(Object.entries(numbers ?? {}).filter(([, number]) => Number.isInteger(number) && number > 0 && number < 10_000)),
    };
  } catch {
    return null;
  }
}

function isPart(part: Part, depth: number): boolean {
  if (!part || depth > maxDepth || !/^\d{1,6}$/.test(part.id)) {
    return false;
  }
  if (isPane(part)) {
    return Array.isArray(part.tabs) && part.tabs.every(tab => typeof tab === "string" && tab.length < 100)
      && (part.tabs.length === 0 ? depth === 0 : part.tabs.includes(part.active));
  }
  return (part.direction === "row" || part.direction === "column")
    && Array.isArray(part.parts) && part.parts.length > 1 && part.parts.every(each => isPart(each, depth + 1))
    && Array.isArray(part.sizes) && part.sizes.length === part.parts.length
    && part.sizes.every(size => typeof size === "number" && size > 0.01 && size < 1)
    && Math.abs(part.sizes.reduce((total, size) => total + size, 0) - 1) < 0.001;
}

function allIds(part: Part): string[] {
  return [part.id, ...isPane(part) ? [] : part.parts.flatMap(allIds)];
}

function writtenAt(text: string | null): number {
  try {
    return Number((JSON.parse(text ?? "") as { at: number }).at) || 0;
  } catch {
    return 0;
  }
}
