import { browserStorage } from "../../page/storage";
import { type ThemeName, themeNames } from "./palettes";

/** The visitor's preferences for all terminals in this browser. */
export interface Preferences {
  readonly fontSize: number;
  readonly font: FontName;
  readonly lineHeight: number;
  readonly theme: ThemeName;
  readonly cursor: (typeof cursors)[number];
  readonly blink: boolean;
  readonly scrollback: number;
  readonly copyOnSelect: boolean;
  /** Whether to ask before several lines are pasted to a prompt. */
  readonly askPaste: boolean;
  readonly rightClick: (typeof rightClicks)[number];
  readonly bell: (typeof bells)[number];
  /** Whether the key bar is shown on touch screens only, or always. */
  readonly keyBar: (typeof keyBars)[number];
  readonly screenReader: boolean;
  /** Whether the hint about copy and paste was shown. */
  readonly toldKeys: boolean;
  /** The renderer; by default WebGL if there is a graphics card. */
  readonly painter: (typeof painters)[number];
}

export const cursors = ["block", "bar", "underline"] as const;
export const rightClicks = ["menu", "paste"] as const;
export const bells = ["none", "visual"] as const;
export const keyBars = ["touch", "always"] as const;
export const painters = ["auto", "webgl", "elements"] as const;
export const scrollbacks = [1000, 5000, 10_000, 50_000] as const;
export const leastText = 8;
export const largestText = 32;

/** Each ends with a font of every system, so that letters always have one width. */
export const fonts = {
  site: { label: "Match site", stack: "" },
  cascadia: { label: "Cascadia, Consolas", stack: '"Cascadia Mono", "Cascadia Code", Consolas, monospace' },
  menlo: { label: "SF Mono, Menlo", stack: '"SF Mono", SFMono-Regular, Menlo, Monaco, monospace' },
  jetbrains: { label: "JetBrains, Fira Code", stack: '"JetBrains Mono", "Fira Code", "Fira Mono", monospace' },
  dejavu: { label: "DejaVu, Ubuntu Mono", stack: '"DejaVu Sans Mono", "Ubuntu Mono", "Noto Sans Mono", monospace' },
  courier: { label: "Courier", stack: '"Courier New", Courier, "Liberation Mono", monospace' },
} as const;
export type FontName = keyof typeof fonts;

export const defaults: Preferences = {
  fontSize: 14, font: "site", lineHeight: 1.15, theme: "site", cursor: "block", blink: true, scrollback: 10_000,
  copyOnSelect: false, askPaste: true, rightClick: "menu", bell: "none", keyBar: "touch", screenReader: false,
  painter: "auto", toldKeys: false,
};

const key = "terminal-preferences";
const maxLength = 2000;

/** Reads stored preferences; an invalid value becomes the default. */
export function parsePreferences(text: string | null): Preferences {
  let stored: Record<string, unknown> = {};
  try {
    const value: unknown = text && text.length <= maxLength ? JSON.parse(text) : null;
    stored = typeof value === "object" && value !== null ? value as Record<string, unknown> : {};
  } catch {
    // Not ours: use the defaults.
  }
  const number = (name: "fontSize" | "lineHeight", least: number, most: number): number => {
    const value = stored[name];
    return typeof value === "number" && value >= least && value <= most ? value : defaults[name];
  };
  const flag = (name: "blink" | "copyOnSelect" | "askPaste" | "screenReader" | "toldKeys"): boolean => {
    const value = stored[name];
    return typeof value === "boolean" ? value : defaults[name];
  };
  const one = <T>(name: keyof Preferences, of: readonly T[]): T => of.find(each => each === stored[name]) ?? defaults[name] as T;
  return {
    fontSize: Math.round(number("fontSize", leastText, largestText)),
    font: one("font", Object.keys(fonts) as FontName[]),
    lineHeight: number("lineHeight", 1, 2),
    theme: one("theme", themeNames),
    cursor: one("cursor", cursors),
    blink: flag("blink"),
    scrollback: one("scrollback", scrollbacks as readonly number[]),
    copyOnSelect: flag("copyOnSelect"),
    askPaste: flag("askPaste"),
    rightClick: one("rightClick", rightClicks),
    bell: one("bell", bells),
    keyBar: one("keyBar", keyBars),
    screenReader: flag("screenReader"),
    toldKeys: flag("toldKeys"),
    painter: one("painter", painters),
  };
}

/** The part of a browser's storage that is used. */
export type Store = Pick<Storage, "getItem" | "setItem">;

/** The preferences of this browser, shared by all its pages. */
export class PreferenceStore {
  #now: Preferences;
  readonly #listeners = new Set<(now: Preferences) => void>();

  constructor(private readonly storage: Store | null) {
    this.#now = parsePreferences(storage?.getItem(key) ?? null);
  }

  get now(): Preferences {
    return this.#now;
  }

  change(part: Partial<Preferences>): void {
    const text = JSON.stringify({ ...this.#now, ...part });
    try {
      this.storage?.setItem(key, text);
    } catch {
      // Full or refused: it lasts as long as the page.
    }
    this.#tell(parsePreferences(text));
  }

  /** Calls back with every change; gives back what ends that. */
  onChange(listener: (now: Preferences) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Another page changed what is stored; null for all of it. */
  stored(changed: string | null): void {
    if (changed === key || changed === null) {
      this.#tell(parsePreferences(this.storage?.getItem(key) ?? null));
    }
  }

  #tell(now: Preferences): void {
    if (JSON.stringify(now) === JSON.stringify(this.#now)) {
      return;
    }
    this.#now = now;
    for (const listener of [...this.#listeners]) {
      listener(now);
    }
  }
}

export const preferences = new PreferenceStore(browserStorage());
if (typeof window !== "undefined") {
  window.addEventListener("storage", event => preferences.stored(event.key));
}

/** Changes the text size by so many pixels; 0 resets it. Returns the new size. */
export function zoomText(by: number, store = preferences): number {
  const fontSize = by === 0 ? defaults.fontSize : Math.min(largestText, Math.max(leastText, store.now.fontSize + by));
  store.change({ fontSize });
  return fontSize;
}
