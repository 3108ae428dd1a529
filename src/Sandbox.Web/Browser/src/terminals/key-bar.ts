import type { TerminalView } from "./terminal-view";

/** The keys a phone's keyboard lacks. Ctrl and Alt stay down for one key. */
export class KeyBar {
  #ctrl = false;
  #alt = false;

  constructor(private readonly element: HTMLElement, private readonly view: () => TerminalView | null) {
    // Without this a touch would take the focus, and the phone's keyboard would fold away.
    element.addEventListener("pointerdown", event => event.preventDefault());
    element.addEventListener("click", event => {
      const button = (event.target as Element).closest<HTMLButtonElement>("button[data-key]");
      if (button) {
        this.#press(button.dataset["key"]!);
      }
    });
  }

  /** Applies what is held down to text typed on the phone's own keyboard. */
  readonly transform = (text: string): string => {
    if (!this.#ctrl && !this.#alt) {
      return text;
    }
    let changed = text;
    if (this.#ctrl && text.length === 1) {
      const code = text.toUpperCase().charCodeAt(0);
      changed = code >= 0x3f && code <= 0x5f ? String.fromCharCode(code === 0x3f ? 0x7f : code & 0x1f) : text === " " ? "\0" : text;
    }
    if (this.#alt) {
      changed = `\x1b${changed}`;
    }
    this.#hold(false, false);
    return changed;
  };

  #press(key: string): void {
    if (key === "Ctrl") {
      this.#hold(!this.#ctrl, this.#alt);
    } else if (key === "Alt") {
      this.#hold(this.#ctrl, !this.#alt);
    } else {
      this.view()?.press(key === "Esc" ? "\x1b" : key === "Tab" ? "\t" : key);
    }
    this.view()?.focus();
  }

  #hold(ctrl: boolean, alt: boolean): void {
    this.#ctrl = ctrl;
    this.#alt = alt;
    for (const [name, on] of [["Ctrl", ctrl], ["Alt", alt]] as const) {
      this.element.querySelector(`[data-key="${name}"]`)?.setAttribute("aria-pressed", String(on));
    }
  }
}
