import { make } from "../page/dom";
import type { TerminalPane } from "../terminals/terminal-pane";
import { plain } from "../terminals/view/osc";
import { maxName } from "./layout-store";
import type { PaneContent } from "./panes";

/** The sandbox of a terminal, as far as the page needs it. */
export interface Place {
  readonly id: string;
  readonly name: string;
}

/** The tab of a terminal. */
export class TerminalTab implements PaneContent {
  readonly item = make("div", "ws-tab");
  readonly button = make("button", "");
  /** Set once the tab is in the document, because a pane measures itself. */
  pane!: TerminalPane;
  onRename: (name: string) => void = () => undefined;
  onClose: () => void = () => undefined;
  /** What runs in it, once that is known. */
  command: readonly string[] = [];
  #node: number | null = null;
  #given = "";
  #title = "";
  #directory = "";
  readonly #close = make("button", "ws-tab-close");

  /** @param panel the element of the pane, now or later */
  constructor(readonly id: string, readonly sandbox: Place, readonly number: number, private kind: string, readonly panel: HTMLElement) {
    this.panel.id = `terminal-${id}`;
    this.panel.setAttribute("role", "tabpanel");
    this.panel.setAttribute("aria-labelledby", `tab-${id}`);

    this.item.dataset["terminal"] = id;
    this.item.setAttribute("role", "presentation");
    this.button.type = this.#close.type = "button";
    this.button.id = `tab-${id}`;
    this.button.setAttribute("role", "tab");
    this.button.setAttribute("aria-controls", this.panel.id);
    this.button.addEventListener("dblclick", () => this.rename());
    this.#close.textContent = "×";
    this.#close.title = "Close the terminal and end its program";
    // A tab list contains only tabs: keyboards and screen readers close by Delete or by the menu.
    this.#close.tabIndex = -1;
    this.#close.setAttribute("aria-hidden", "true");
    this.button.setAttribute("aria-keyshortcuts", "Delete");
    this.#close.addEventListener("click", () => this.onClose());
    this.item.append(this.button, this.#close);
    this.#label();
  }

  /** The name that the visitor gave; empty for none. */
  get given(): string {
    return this.#given;
  }

  set given(name: string) {
    this.#given = name.trim().slice(0, maxName);
    this.#label();
  }

  /** A word for the program, "shell" for example. */
  get program(): string {
    return this.kind;
  }

  set program(word: string) {
    this.kind = word;
    this.#label();
  }

  /** The title that the program set. */
  set title(title: string) {
    this.#title = plain(title).trim().slice(0, 200);
    this.#label();
  }

  /** The working directory that the program reported. */
  set directory(path: string) {
    this.#directory = path;
    this.#label();
  }

  /** Which of several nodes it is in, from 0: the label then begins with the node's name, in its colour. Null for the only one. */
  set node(index: number | null) {
    this.#node = index;
    if (index === null) {
      delete this.item.dataset["node"];
    } else {
      this.item.dataset["node"] = String(index);
    }
    this.#label();
  }

  get name(): string {
    return this.#given || this.#title.slice(0, 40) || `${this.kind} ${this.number}`;
  }

  /** Edits the name in place. */
  rename(): void {
    if (this.item.querySelector("input")) {
      return;
    }
    const input = document.createElement("input");
    input.className = "ws-tab-name";
    input.value = this.name;
    input.maxLength = maxName;
    input.spellcheck = false;
    input.setAttribute("aria-label", "Name of the terminal. Leave it empty to use the program's title.");
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
        this.pane.focus();
      }
    });
    this.button.hidden = true;
    this.button.after(input);
    input.focus();
    input.select();
  }

  dispose(): void {
    this.pane.dispose();
    this.item.remove();
  }

  #label(): void {
    const name = this.#node !== null ? `${this.sandbox.name}: ${this.name}` : this.name;
    this.button.textContent = name;
    this.button.title = [name, ...this.#title && this.#title !== this.name ? [this.#title] : [], ...this.#directory ? [`in ${this.#directory}`] : []].join("\n");
  }
}
