export interface QuestionAction {
  readonly label: string;
  /** A link, opened in a new tab; without it `run` is called. */
  readonly href?: string;
  readonly run?: () => void;
}

export interface Question {
  readonly kind: string;
  readonly text: string;
  /** Highlighted after the text: a host, or the beginning of the copied text. */
  readonly detail?: string;
  readonly actions: readonly QuestionAction[];
  /** Whether a program caused the question. Then a click that was already under way must not answer it. */
  readonly fromProgram: boolean;
}

/** Milliseconds before a program's question can be answered. */
const settle = 600;

/** Questions in bars below a terminal, one of each kind. A question takes the focus only if the visitor caused it. */
export class Questions {
  readonly #open = new Map<string, HTMLElement>();

  constructor(private readonly host: HTMLElement, private readonly leave: () => void) {}

  ask({ kind, text, detail, actions, fromProgram }: Question): void {
    this.close(kind);
    const bar = document.createElement("div");
    bar.className = "ws-notice ws-question";
    bar.dataset["kind"] = kind;
    bar.setAttribute("role", fromProgram ? "status" : "group");
    // A screen reader announces the whole question with its first button.
    bar.setAttribute("aria-label", detail ? `${text} ${detail}` : text);
    const words = document.createElement("span");
    words.textContent = text;
    if (detail) {
      const code = document.createElement("code");
      code.textContent = detail;
      words.append(" ", code);
    }
    const buttons = actions.map(({ label, href, run }, index) => {
      const item = document.createElement(href ? "a" : "button");
      item.className = index === 0 ? "button small primary" : "button small";
      item.textContent = label;
      if (item instanceof HTMLAnchorElement) {
        item.href = href!;
        item.target = "_blank";
        item.rel = "noopener noreferrer";
      } else {
        item.type = "button";
        item.disabled = fromProgram;
      }
      item.addEventListener("click", () => {
        this.close(kind);
        run?.();
        this.leave();
      });
      return item;
    });
    bar.append(words, ...buttons);
    bar.addEventListener("keydown", event => {
      if (event.key === "Escape") {
        event.stopPropagation();
        this.close(kind);
        this.leave();
      }
    });
    this.host.append(bar);
    this.#open.set(kind, bar);
    if (fromProgram) {
      setTimeout(() => buttons.forEach(button => button.removeAttribute("disabled")), settle);
    } else {
      buttons[0]?.focus();
    }
  }

  isOpen(kind: string): boolean {
    return this.#open.has(kind);
  }

  close(kind: string): void {
    this.#open.get(kind)?.remove();
    this.#open.delete(kind);
  }

  /** Focuses the first question or other bar; false if there is none. */
  focus(): boolean {
    const first = this.host.querySelector<HTMLElement>(":scope > :not([hidden]) :is(button:not(:disabled), a)");
    first?.focus();
    return first !== null;
  }
}
