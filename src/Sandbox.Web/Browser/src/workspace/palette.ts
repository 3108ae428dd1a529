import { icon, make } from "../page/dom";
import { showModal } from "../page/keys-home";
import { keyCaps, shortcuts } from "../terminal-page/shortcuts";

/** One thing that the page can do. */
export interface PaletteItem {
  readonly words: string;
  /** The keys that do it too, as they stand on them. */
  readonly keys: string;
  run(): void;
}

/** The actions that the menu shows now, then those that only keys do. */
export function paletteItems(menu: HTMLElement, acts: Readonly<Record<string, () => void>>): PaletteItem[] {
  const keysOf = new Map(shortcuts.flatMap(({ items }) => items).flatMap(({ keys, act }) => act ? [[act, keyCaps(keys).join("+")] as const] : []));
  const seen = new Set(["palette"]);
  const items: PaletteItem[] = [];
  for (const entry of menu.querySelectorAll<HTMLElement>("button, a")) {
    const act = entry.dataset["act"] ?? entry.dataset["side"] ?? "";
    if (entry.hidden || seen.has(act) || entry.classList.contains("wide-only") && matchMedia("(max-width: 760px)").matches) {
      continue;
    }
    if (act) {
      seen.add(act);
    }
    const label = entry.querySelector(".menu-label") ?? entry;
    const words = [...label.childNodes].filter(node => node.nodeName !== "KBD").map(node => node.textContent).join("").trim();
    items.push({ words, keys: keysOf.get(act) ?? entry.querySelector("kbd")?.textContent ?? "", run: () => entry.click() });
  }
  for (const { title, items: listed } of shortcuts) {
    for (const { keys, words, act } of listed) {
      const run = act ? acts[act] : undefined;
      if (act && run && !seen.has(act) && !menu.querySelector(`[data-act="${act}"]`)) {
        seen.add(act);
        items.push({ words: title === "Commands" || title === "Page" ? words : `${title}: ${words}`, keys: keyCaps(keys).join("+"), run });
      }
    }
  }
  return items;
}

/** Those whose words begin with each word of the search; those that begin with all of it come first. */
export function found(items: readonly PaletteItem[], search: string): PaletteItem[] {
  const wanted = search.toLowerCase().split(/\s+/).filter(Boolean);
  const hits = items.filter(({ words }) => {
    const parts = words.toLowerCase().split(/[\s:,]+/);
    return wanted.every(word => parts.some(part => part.startsWith(word)));
  });
  const whole = wanted.join(" ");
  const first = (item: PaletteItem): number => item.words.toLowerCase().startsWith(whole) ? 0 : 1;
  return hits.sort((a, b) => first(a) - first(b));
}

/** Opens the palette: a search over everything the page can do. `closed` runs when nothing was chosen. */
export function openPalette(items: readonly PaletteItem[], closed: () => void): void {
  const input = make("input", "");
  input.type = "text";
  input.placeholder = "What do you want to do?";
  input.autocomplete = "off";
  input.spellcheck = false;
  input.setAttribute("role", "combobox");
  input.setAttribute("aria-label", "Find an action");
  input.setAttribute("aria-expanded", "true");
  input.setAttribute("aria-controls", "palette-list");
  const list = make("ul", "palette-list");
  list.id = "palette-list";
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", "Actions");
  const none = make("p", "palette-none", "No action matches.");
  none.setAttribute("role", "status");
  const dialog = make("dialog", "palette", make("div", "palette-search", icon("search"), input), list, none);
  dialog.setAttribute("aria-label", "Actions");
  dialog.setAttribute("closedby", "any");
  let shown: PaletteItem[] = [];
  let current = 0;
  let chosen: PaletteItem | null = null;
  const mark = (index: number): void => {
    current = shown.length === 0 ? 0 : (index + shown.length) % shown.length;
    [...list.children].forEach((row, at) => row.setAttribute("aria-selected", String(at === current)));
    const row = list.children[current];
    if (row) {
      input.setAttribute("aria-activedescendant", row.id);
      row.scrollIntoView({ block: "nearest" });
    } else {
      input.removeAttribute("aria-activedescendant");
    }
  };
  const choose = (item: PaletteItem | undefined): void => {
    if (item) {
      chosen = item;
      dialog.close();
    }
  };
  const fill = (): void => {
    shown = found(items, input.value);
    list.replaceChildren(...shown.map((item, index) => {
      const row = make("li", "", make("span", "", item.words), ...item.keys ? [make("kbd", "", item.keys)] : []);
      row.id = `palette-${index}`;
      row.setAttribute("role", "option");
      row.addEventListener("click", () => choose(item));
      return row;
    }));
    none.hidden = shown.length > 0;
    mark(0);
  };
  input.addEventListener("input", fill);
  input.addEventListener("keydown", event => {
    const step: Record<string, number> = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8 };
    if (step[event.key]) {
      event.preventDefault();
      mark(Math.abs(step[event.key]!) > 1 ? Math.min(Math.max(current + step[event.key]!, 0), shown.length - 1) : current + step[event.key]!);
    } else if (event.key === "Enter" && !event.isComposing) {
      event.preventDefault();
      choose(shown[current]);
    }
  });
  dialog.addEventListener("close", () => {
    dialog.remove();
    closed();
    chosen?.run();
  });
  document.body.append(dialog);
  fill();
  showModal(dialog);
  input.focus();
}
