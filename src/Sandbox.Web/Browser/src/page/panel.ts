import { make } from "./dom";

/** One thing that can be done from a panel. */
export interface PanelAction {
  label: string;
  href?: string;
  run?: () => void;
  primary?: boolean;
}

/** One of several things that are done in order. */
export interface PanelStep {
  text: string;
  state: "waiting" | "running" | "done" | "failed";
  detail: string;
}

/** A thing with actions of its own. */
export interface PanelRow {
  text: string;
  detail: string;
  actions: PanelAction[];
}

export interface PanelContent {
  kind: "busy" | "note" | "error" | "ended";
  title: string;
  text?: string;
  percent?: number | undefined;
  steps?: PanelStep[];
  /** Lines that a program printed. */
  lines?: string;
  rows?: PanelRow[];
  actions?: PanelAction[];
}

/** Covers the terminals while nobody can type: launching, queued, stopped, failed, ended. */
export class Panel {
  readonly #text = document.createElement("p");
  readonly #bar = document.createElement("progress");
  readonly #steps = make("ol", "ws-panel-steps");
  readonly #lines = make("pre", "ws-panel-lines");
  #shownSteps = "";
  /** The content the box was built from. Text and progress change in place, so that a button keeps the focus. */
  #frame = "";
  #actions: readonly PanelAction[] = [];

  /** @param covered takes no keys while there is something else than waiting to do */
  constructor(private readonly element: HTMLElement, private readonly covered: HTMLElement) {
    this.#bar.max = 100;
    this.#bar.setAttribute("aria-label", "Progress");
  }

  show(content: PanelContent): void {
    this.#actions = content.actions ?? [];
    const frame = JSON.stringify([content.kind, content.title, content.actions, content.rows]);
    if (frame !== this.#frame || this.element.hidden) {
      this.#frame = frame;
      this.#build(content);
    }
    const text = content.text ?? "";
    if (this.#text.textContent !== text) {
      this.#text.textContent = text;
    }
    this.#text.hidden = text === "";
    this.#showSteps(content.steps ?? []);
    this.#lines.textContent = content.lines ?? "";
    this.#lines.hidden = !content.lines;
    this.#bar.value = content.percent ?? 0;
    this.#bar.hidden = content.percent === undefined;
    this.element.hidden = false;
    this.covered.inert = content.kind !== "busy";
    const focused = document.activeElement;
    if (this.covered.inert && focused instanceof HTMLElement && this.covered.contains(focused)) {
      // The browser takes the focus away only when it draws next; a key until then would still be the terminal's.
      focused.blur();
    }
  }

  hide(): void {
    this.element.hidden = true;
    this.covered.inert = false;
  }

  #build({ kind, title, text = "", rows = [] }: PanelContent): void {
    this.element.className = `ws-panel ${kind}`;
    const box = make("div", "ws-panel-box");
    if (kind === "busy") {
      box.append(make("span", "spinner"));
    }
    // With its text from the start: screen readers announce what is inserted.
    this.#text.textContent = text;
    box.append(make("h2", "", title), this.#text, this.#lines, this.#steps, this.#bar);
    if (rows.length > 0) {
      box.append(make("ul", "ws-panel-rows", ...rows.map(row => make("li", "",
        make("div", "", make("strong", "", row.text), make("span", "", row.detail)), ...row.actions.map(action => rowAction(row.text, action))))));
    }
    if (this.#actions.length > 0) {
      box.append(make("div", "ws-panel-actions", ...this.#actions.map((action, index) => this.#action(action, index))));
    }
    this.element.replaceChildren(box);
  }

  #showSteps(steps: readonly PanelStep[]): void {
    const shown = JSON.stringify(steps);
    if (shown !== this.#shownSteps) {
      this.#shownSteps = shown;
      const words = { waiting: "waits", running: "runs", done: "done", failed: "failed" };
      this.#steps.replaceChildren(...steps.map(({ text, state, detail }) => {
        const item = make("li", state, make("code", "", text), make("span", "ws-step-state", words[state]));
        if (detail) {
          item.append(make("pre", "", detail));
        }
        return item;
      }));
    }
    this.#steps.hidden = steps.length === 0;
  }

  #action({ label, href, primary }: PanelAction, index: number): HTMLElement {
    const item = make(href ? "a" : "button", primary ? "button primary" : "button", label);
    if (href) {
      (item as HTMLAnchorElement).href = href;
    }
    item.addEventListener("click", () => this.#actions[index]?.run?.());
    return item;
  }
}

function rowAction(of: string, { label, href, run }: PanelAction): HTMLElement {
  const item = make(href ? "a" : "button", "button small", label);
  item.setAttribute("aria-label", `${label} ${of}`);
  if (href) {
    (item as HTMLAnchorElement).href = href;
  }
  item.addEventListener("click", () => run?.());
  return item;
}
