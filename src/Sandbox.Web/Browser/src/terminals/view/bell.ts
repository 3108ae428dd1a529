import { preferences } from "./preferences";
import type { TerminalView } from "./terminal-view";

/** Milliseconds between flashes: more than three in a second can cause seizures. https://www.w3.org/TR/WCAG22/#three-flashes-or-below-threshold */
const flash = 500;

/** Shows the bell as a flash, if the visitor chose that. */
export function followBell(view: TerminalView): void {
  let rang = -Infinity;
  view.terminal.onBell(() => {
    const now = performance.now();
    if (preferences.now.bell === "visual" && !view.isReplaying && now - rang >= flash) {
      rang = now;
      view.element.classList.add("rings");
      setTimeout(() => view.element.classList.remove("rings"), flash / 2);
    }
  });
}
