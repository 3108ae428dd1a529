/** What a key on a tab asks for. */
export type StripMove =
  | { kind: "move"; by: -1 | 1 }
  | { kind: "go"; index: number }
  | { kind: "enter" | "rename" | "close" };

/** Keys on a tab, the one at `index` of `count`; null for any other. https://www.w3.org/WAI/ARIA/apg/patterns/tabs/ */
export function stripMove(event: KeyboardEvent, index: number, count: number): StripMove | null {
  if (event.ctrlKey || event.altKey || event.metaKey) {
    return null;
  }
  switch (event.key) {
    case "ArrowRight":
      return event.shiftKey ? { kind: "move", by: 1 } : { kind: "go", index: (index + 1) % count };
    case "ArrowLeft":
      return event.shiftKey ? { kind: "move", by: -1 } : { kind: "go", index: (index - 1 + count) % count };
    case "Home":
      return { kind: "go", index: 0 };
    case "End":
      return { kind: "go", index: count - 1 };
    case "ArrowDown":
    case "Escape":
      return { kind: "enter" };
    case "F2":
      return { kind: "rename" };
    case "Delete":
      return { kind: "close" };
    default:
      return null;
  }
}
