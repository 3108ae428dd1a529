import { make } from "../dom";
import { plain } from "../terminals/osc";
import type { TerminalSession } from "../terminals/terminal-session";
import type { TerminalView } from "../terminals/terminal-view";
import { maxName } from "./layout-store";
import type { PaneContent } from "./panes";

/** The sandbox that a terminal is in, as the page knows it. */
export interface Place {
  readonly id: string;
  readonly name: string;
}

/** What one terminal has on the page, for those who add to it. */
export interface TerminalParts {
  readonly session: TerminalSession;
  readonly view: TerminalView;
  readonly sandbox: Place;
  /** All of the terminal: what it shows, and bars below. */
  readonly panel: HTMLElement;
  /** Bars below the terminal, as questions of a program; each is a child of its own. */
  readonly bars: HTMLElement;
  /** Its tab. */
  readonly item: HTMLElement;
}

/** A terminal's tab and what it shows. */
export class TerminalTab implements PaneContent {
  readonly item = make("div", "ws-tab");
  readonly button = make("button", "");
  readonly panel = make("div", "ws-terminal");
  readonly bars = make("div", "ws-bars");
  readonly notice = make("div", "ws-notice");
  session!: TerminalSession;
  view!: TerminalView;
  onRename: (name: string) => void = () => undefined;
  onClose: () => void = () => undefined;
  /** Whether the tab says which sandbox it is in. */
  #saysSandbox = false;
  #given = "";
  #title = "";
  #directory = "";
  readonly #close = make("button", "ws-tab-close");

  /** @param host where its view is, or will be */
  constructor(readonly id: string, readonly sandbox: Place, readonly number: number, private kind: string, readonly host: HTMLElement) {
    this.panel.id = `terminal-${id}`;
    this.panel.setAttribute("role", "tabpanel");
    this.panel.setAttribute("aria-labelledby", `tab-${id}`);
    this.notice.setAttribute("role", "status");
    this.notice.hidden = true;
    this.bars.append(this.notice);
    this.panel.append(this.host, this.bars);

    this.item.dataset["terminal"] = id;
    this.item.setAttribute("role", "presentation");
    this.button.type = this.#close.type = "button";
    this.button.id = `tab-${id}`;
    this.button.setAttribute("role", "tab");
    this.button.setAttribute("aria-controls", this.panel.id);
    this.button.addEventListener("dblclick", () => this.rename());
    this.#close.textContent = "×";
    this.#close.title = "Close: ends what runs in it";
    // A strip of tabs holds tabs alone: keys and screen readers close by Delete or by the menu.
    this.#close.tabIndex = -1;
    this.#close.setAttribute("aria-hidden", "true");
    this.button.setAttribute("aria-keyshortcuts", "Delete");
    this.#close.addEventListener("click", () => this.onClose());
    this.item.append(this.button, this.#close);
    this.#label();
  }

  /** The name a visitor gave; empty for none. */
  get given(): string {
    return this.#given;
  }

  set given(name: string) {
    this.#given = name.trim().slice(0, maxName);
    this.#label();
  }

  /** A word for what runs in it. */
  set program(word: string) {
    this.kind = word;
    this.#label();
  }

  /** What the program calls itself. */
  set title(title: string) {
    this.#title = plain(title).trim().slice(0, 200);
    this.#label();
  }

  /** Where the program says it works. */
  set directory(path: string) {
    this.#directory = path;
    this.#label();
  }

  set saysSandbox(says: boolean) {
    this.#saysSandbox = says;
    this.#label();
  }

  get name(): string {
    return this.#given || this.#title.slice(0, 40) || `${this.kind} ${this.number}`;
  }

  /** Asks for a name, in the place of the old one. */
  rename(): void {
    if (this.item.querySelector("input")) {
      return;
    }
    const input = document.createElement("input");
    input.className = "ws-tab-name";
    input.value = this.name;
    input.maxLength = maxName;
    input.spellcheck = false;
    input.setAttribute("aria-label", "Name of the terminal; empty for the program's own");
    const end = (keep: boolean): void => {
      input.onblur = null;
      if (keep && input.value.trim() !== this.name) {
        this.onRename(input.value);
      }
      this.button.hidden = false;
      input.remove();
    };
    input.onblur = () => end(true);
    input.addEventListener("keydown", event => {
      event.stopPropagation();
      if (event.key === "Enter" || event.key === "Escape") {
        event.preventDefault();
        end(event.key === "Enter");
        this.view.focus();
      }
    });
    this.button.hidden = true;
    this.button.after(input);
    input.focus();
    input.select();
  }

  note(text: string, actions: readonly { label: string; run: () => void }[] = []): void {
    const words = document.createElement("span");
    words.textContent = text;
    this.notice.replaceChildren(words, ...actions.map((action, index) => {
      const button = make("button", index === 0 ? "button small primary" : "button small");
      button.type = "button";
      button.textContent = action.label;
      button.addEventListener("click", action.run);
      return button;
    }));
    this.notice.hidden = false;
  }

  hideNote(): void {
    this.notice.hidden = true;
  }

  dispose(): void {
    this.session.detach();
    this.view.dispose();
    this.item.remove();
    this.panel.remove();
  }

  #label(): void {
    const name = this.#saysSandbox ? `${this.sandbox.name}: ${this.name}` : this.name;
    this.button.textContent = name;
    this.button.title = [name, ...this.#title && this.#title !== this.name ? [this.#title] : [], ...this.#directory ? [`in ${this.#directory}`] : []].join("\n");
  }
}
