/** A keyboard shortcut, with its words in the dialog that lists them. */
export interface Shortcut {
  readonly keys: string;
  readonly words: string;
  /** A `data-act` of the page; a shortcut without one is only listed. */
  readonly act?: string;
}

/**
 * Alt+Shift: browsers leave nearly all of it to the page, and a shell reads Alt with a capital letter as Alt with the
 * small one, which stays.
 */
export const shortcuts: readonly { title: string; items: readonly Shortcut[] }[] = [
  {
    title: "Terminals",
    items: [
      { keys: "Alt+Shift+N", words: "New terminal", act: "new" },
      { keys: "Alt+Shift+W", words: "Close terminal", act: "close" },
      { keys: "Alt+Shift+E", words: "Rename terminal", act: "rename" },
      { keys: "Alt+Shift+PageUp", words: "Previous terminal", act: "previous" },
      { keys: "Alt+Shift+PageDown", words: "Next terminal", act: "next" },
    ],
  },
  {
    title: "Panes",
    items: [
      { keys: "Alt+Shift+R", words: "Split right", act: "split-right" },
      { keys: "Alt+Shift+D", words: "Split down", act: "split-down" },
      { keys: "Alt+Shift+ArrowLeft", words: "Focus the pane on the left", act: "focus-left" },
      { keys: "Alt+Shift+ArrowRight", words: "Focus the pane on the right", act: "focus-right" },
      { keys: "Alt+Shift+ArrowUp", words: "Focus the pane above", act: "focus-up" },
      { keys: "Alt+Shift+ArrowDown", words: "Focus the pane below", act: "focus-down" },
      { keys: "Alt+Shift+Z", words: "Maximize pane", act: "zoom" },
    ],
  },
  {
    title: "Text",
    items: [
      { keys: "Ctrl+Shift+C", words: "Copy the selection" },
      { keys: "Ctrl+Shift+V", words: "Paste" },
      { keys: "Alt+Shift+S", words: "Select text with the keyboard", act: "select-text" },
      { keys: "Ctrl+Shift+F", words: "Find in the output", act: "find" },
      { keys: "Ctrl+Click", words: "Open a link" },
      { keys: "Ctrl+Plus", words: "Larger text" },
      { keys: "Ctrl+Minus", words: "Smaller text" },
      { keys: "Ctrl+0", words: "Reset the text size" },
    ],
  },
  {
    title: "Commands",
    items: [
      { keys: "Alt+Shift+K", words: "Previous command", act: "command-before" },
      { keys: "Alt+Shift+J", words: "Next command", act: "command-after" },
      { keys: "Alt+Shift+M", words: "Command menu: copy or run again", act: "command-menu" },
      { keys: "Alt+Shift+O", words: "Copy the output of a command", act: "command-output" },
      { keys: "Alt+Shift+L", words: "List of commands", act: "commands" },
    ],
  },
  {
    title: "Page",
    items: [
      { keys: "Ctrl+Shift+ArrowUp", words: "Focus the tab of the terminal" },
      { keys: "Ctrl+Shift+ArrowDown", words: "Focus a question below the terminal" },
      { keys: "Alt+Shift+A", words: "Nodes: add one or remove one", act: "nodes" },
      { keys: "Alt+Shift+F", words: "File editor", act: "editor" },
      { keys: "Alt+Shift+V", words: "Preview a port beside the terminal", act: "preview" },
      { keys: "Alt+Shift+P", words: "Focus the tutorial's text", act: "tutorial" },
      { keys: "Ctrl+S", words: "Save the file in the editor" },
      { keys: "Ctrl+Shift+P", words: "All actions", act: "palette" },
      { keys: "Ctrl+Comma", words: "Terminal settings", act: "settings" },
      { keys: "Alt+Shift+H", words: "Keyboard shortcuts", act: "shortcuts" },
    ],
  },
  {
    title: "On a tab",
    items: [
      { keys: "ArrowLeft", words: "Previous tab" },
      { keys: "ArrowRight", words: "Next tab" },
      { keys: "Shift+ArrowLeft", words: "Move the tab to the left" },
      { keys: "Shift+ArrowRight", words: "Move the tab to the right" },
      { keys: "F2", words: "Rename" },
      { keys: "Delete", words: "Close" },
      { keys: "ArrowDown", words: "Focus the terminal" },
    ],
  },
  {
    title: "On the border between panes",
    items: [
      { keys: "ArrowLeft", words: "Move the border; Shift: small steps" },
      { keys: "Enter", words: "Make the panes equal" },
    ],
  },
];

const acts = new Map(shortcuts.flatMap(({ items }) => items).flatMap(({ keys, act }) => act ? [[keys, act] as const] : []));

/** The `data-act` that a key stands for, or undefined. */
export function actOf(event: Pick<KeyboardEvent, "altKey" | "ctrlKey" | "shiftKey" | "metaKey" | "key" | "code">): string | undefined {
  if (event.metaKey) {
    return undefined;
  }
  // Option changes the letter on a Mac, so a key without a letter is named by its place on the keyboard.
  const key = /^[a-z]$/i.test(event.key) ? event.key.toUpperCase() : /^Key[A-Z]$/.test(event.code) ? event.code.slice(3) : event.code;
  return acts.get([...event.ctrlKey ? ["Ctrl"] : [], ...event.altKey ? ["Alt"] : [], ...event.shiftKey ? ["Shift"] : [], key].join("+"));
}

/** Runs shortcuts before a terminal sees the keys, unless a dialog is open. */
export function listenForShortcuts(acts: Readonly<Record<string, () => void>>, isOn: () => boolean): void {
  document.addEventListener("keydown", event => {
    const act = isOn() && !document.querySelector("dialog[open]") ? acts[actOf(event) ?? ""] : undefined;
    if (act) {
      event.preventDefault();
      event.stopPropagation();
      act();
    }
  }, { capture: true });
}

/** The keys of a shortcut as people write them: arrows as arrows. */
export function keyCaps(keys: string): string[] {
  const caps: Record<string, string> = { ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓", PageUp: "PgUp", PageDown: "PgDn", Delete: "Del", Plus: "+", Minus: "−", Comma: "," };
  return keys.split("+").map(key => caps[key] ?? key);
}

/** Fills the dialog that lists them. */
export function fillShortcuts(list: HTMLElement): void {
  if (list.childElementCount > 0) {
    return;
  }
  for (const { title, items } of shortcuts) {
    const heading = document.createElement("h3");
    heading.textContent = title;
    const rows = document.createElement("dl");
    for (const { keys, words } of items) {
      const name = document.createElement("dt");
      name.textContent = words;
      const value = document.createElement("dd");
      for (const cap of keyCaps(keys)) {
        const key = document.createElement("kbd");
        key.textContent = cap;
        value.append(key);
      }
      rows.append(name, value);
    }
    const section = document.createElement("section");
    section.append(heading, rows);
    list.append(section);
  }
}
