/** The modifiers of a key press. */
export interface Held {
  readonly ctrl: boolean;
  readonly alt: boolean;
}

const escape = "\x1b";
const arrows: Record<string, string> = { ArrowUp: "A", ArrowDown: "B", ArrowRight: "C", ArrowLeft: "D" };
const pages: Record<string, number> = { PageUp: 5, PageDown: 6 };
/** Ctrl with what is no letter, as xterm has it. https://invisible-island.net/xterm/ctlseqs/ctlseqs.html */
const controls: Record<string, string> = {
  " ": "\0", "2": "\0", "3": escape, "4": "\x1c", "5": "\x1d", "6": "\x1e", "~": "\x1e", "7": "\x1f", "/": "\x1f", "-": "\x1f", "8": "\x7f", "?": "\x7f",
};

/** What a key of the bar sends. @param application whether the program asked for arrows of its own */
export function keyCode(key: string, held: Held, application: boolean): string {
  const modifier = 1 + (held.alt ? 2 : 0) + (held.ctrl ? 4 : 0);
  const page = pages[key];
  if (page) {
    return `${escape}[${page}${modifier > 1 ? `;${modifier}` : ""}~`;
  }
  const arrow = arrows[key];
  if (arrow) {
    return modifier > 1 ? `${escape}[1;${modifier}${arrow}` : `${escape}${application ? "O" : "["}${arrow}`;
  }
  return typed(key === "Esc" ? escape : key === "Tab" ? "\t" : key, held);
}

/** Applies Ctrl or Alt to text. Ctrl applies to a single letter; longer text comes from a phone's word suggestions. */
export function typed(text: string, { ctrl, alt }: Held): string {
  let changed = text;
  if (ctrl && text.length === 1) {
    const code = text.toUpperCase().charCodeAt(0);
    changed = code >= 0x40 && code <= 0x5f ? String.fromCharCode(code & 0x1f) : controls[text] ?? text;
  }
  return alt ? escape + changed : changed;
}

export type Sticky = "off" | "once" | "locked";

/** What a tap makes of a key that sticks: down for one key, a second tap at once keeps it down, one more lets go. */
export function tapped(now: Sticky, sinceLast: number): Sticky {
  return now === "off" ? "once" : now === "once" && sinceLast < 400 ? "locked" : "off";
}
