import { preferences } from "../view/preferences";
import { type Held, keyCode, type Sticky, tapped, typed } from "./key-codes";
import type { Keyboard } from "./keyboard";

const modifiers = { Ctrl: "Control", Alt: "Alt" } as const;
type Modifier = keyof typeof modifiers;

/** The keys a phone's keyboard lacks. Ctrl and Alt stay down for one key, or until the next tap when tapped twice. */
export class KeyBar {
  readonly #sticky: Record<Modifier, Sticky> = { Ctrl: "off", Alt: "off" };
  readonly #tappedAt: Record<Modifier, number> = { Ctrl: 0, Alt: 0 };

  #pressing = false;

  constructor(private readonly element: HTMLElement, private readonly keyboard: () => Keyboard | null) {
    // Otherwise a touch takes the focus, and the phone's keyboard closes.
    element.addEventListener("pointerdown", event => event.preventDefault());
    element.addEventListener("click", event => {
      const button = (event.target as Element).closest<HTMLButtonElement>("button[data-key]");
      if (button) {
        this.#press(button.dataset["key"]!);
      }
    });
    element.addEventListener("keydown", event => this.#move(event));
    const show = (): void => {
      element.classList.toggle("always", preferences.now.keyBar === "always");
    };
    show();
    preferences.onChange(show);
  }

  /** Applies the sticky keys to text from the phone's keyboard. */
  readonly transform = (text: string): string => {
    // Text after an escape is xterm's answer to a program, or a key with its own form for Ctrl and Alt.
    if (this.#pressing || text.length > 1 && text.startsWith("\x1b")) {
      return text;
    }
    const changed = typed(text, this.#held);
    this.#release();
    return changed;
  };

  get #held(): Held {
    return { ctrl: this.#sticky.Ctrl !== "off", alt: this.#sticky.Alt !== "off" };
  }

  #press(key: string): void {
    const keyboard = this.keyboard();
    if (key === "Ctrl" || key === "Alt") {
      const now = performance.now();
      this.#set(key, tapped(this.#sticky[key], now - this.#tappedAt[key]));
      this.#tappedAt[key] = now;
    } else if (key === "Paste") {
      void keyboard?.paster.pasteClipboard();
      return;
    } else if (keyboard) {
      const code = keyCode(key, this.#held, keyboard.usesApplicationKeys);
      this.#pressing = true;
      keyboard.press(code);
      this.#pressing = false;
      this.#release();
    }
    keyboard?.focus();
  }

  #release(): void {
    for (const key of Object.keys(modifiers) as Modifier[]) {
      if (this.#sticky[key] === "once") {
        this.#set(key, "off");
      }
    }
  }

  #set(key: Modifier, to: Sticky): void {
    this.#sticky[key] = to;
    const button = this.element.querySelector(`[data-key="${key}"]`);
    button?.setAttribute("aria-pressed", String(to !== "off"));
    button?.setAttribute("aria-label", to === "locked" ? `${modifiers[key]}, stays down` : `${modifiers[key]}, for the next key`);
    button?.classList.toggle("locked", to === "locked");
  }

  /** Arrows go from key to key. https://www.w3.org/WAI/ARIA/apg/patterns/toolbar/ */
  #move(event: KeyboardEvent): void {
    const buttons = [...this.element.querySelectorAll<HTMLButtonElement>("button")];
    const at = buttons.indexOf(event.target as HTMLButtonElement);
    const next = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: buttons.length - 1 }[event.key];
    const button = next === undefined ? undefined : buttons[(next + buttons.length) % buttons.length];
    if (event.key === "Escape") {
      this.keyboard()?.focus();
    } else if (button) {
      buttons[at]!.tabIndex = -1;
      button.tabIndex = 0;
      button.focus();
    } else {
      return;
    }
    event.preventDefault();
  }
}
