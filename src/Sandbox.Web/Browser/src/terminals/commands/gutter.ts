import { type CommandActions, actionsOf } from "./actions";
import type { Command, CommandLog } from "./command-log";
import { lineOf, outcome, outcomeWords } from "./words";

const signs = { ok: "✓", failed: "✕", running: "●", unknown: "–" };

/** What the marks show, as far as a terminal changes it by what is printed: it is asked with every frame. */
export function sight({ terminal, commands }: Pick<CommandLog, "terminal" | "commands">): string {
  const { viewportY, type } = terminal.buffer.active;
  const last = commands.at(-1);
  return [viewportY, terminal.rows, type, commands.length, last && outcome(last), last?.prompt.line].join();
}

/** Marks beside the lines where commands were entered: how each ended, and what can be done with it. */
export class Gutter {
  readonly #element = document.createElement("div");
  readonly #buttons = new Map<Command, HTMLButtonElement>();
  readonly #menu = document.createElement("div");
  #frame = 0;
  /** What was drawn last, see {@link sight}. */
  #drawn = "";
  /** Where the first row is below the top of the host, and how high a row is, in CSS pixels; 0 while it is not seen. */
  #top = 0;
  #height = 0;
  /** The command that was jumped to. */
  #current: Command | null = null;

  constructor(private readonly host: HTMLElement, private readonly actions: CommandActions) {
    this.#element.className = "command-gutter";
    this.#element.setAttribute("role", "group");
    this.#element.setAttribute("aria-label", "Commands");
    host.classList.add("has-commands");
    host.append(this.#element);
    this.#menu.className = "menu command-menu";
    this.#menu.setAttribute("popover", "");
    this.#menu.setAttribute("role", "menu");
    this.#menu.addEventListener("keydown", event => this.#menuKey(event));
    host.append(this.#menu);
    const { terminal } = actions.log;
    terminal.onRender(() => this.#glance());
    terminal.onScroll(() => this.#glance());
    terminal.onResize(() => this.refresh());
    terminal.buffer.onBufferChange(() => this.refresh());
    const screen = terminal.element!.querySelector(".xterm-screen")!;
    const sizes = new ResizeObserver(() => this.#measure(screen));
    sizes.observe(screen);
    sizes.observe(host);
  }

  /** With every echo: to measure here would lay out the page for each key. */
  #glance(): void {
    if (sight(this.actions.log) !== this.#drawn) {
      this.refresh();
    }
  }

  #measure(screen: Element): void {
    const { top, height } = screen.getBoundingClientRect();
    this.#top = top - this.host.getBoundingClientRect().top + this.host.scrollTop;
    this.#height = height / this.actions.log.terminal.rows;
    this.refresh();
  }

  refresh(): void {
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      this.#draw();
    });
  }

  /** Scrolls to the command before or after; past the last one to the end. */
  jump(by: -1 | 1): void {
    const { log } = this.actions;
    const there = log.commands.filter(command => !command.prompt.isDisposed);
    const at = this.#current ? there.indexOf(this.#current) : -1;
    const next = at < 0 ? (by < 0 ? there.length - 1 : there.length) : at + by;
    this.#current = there[Math.max(0, next)] ?? null;
    if (this.#current) {
      this.reveal(this.#current);
    } else {
      log.terminal.scrollToBottom();
      this.refresh();
    }
  }

  /** Keys are about the last command again. */
  leave(): void {
    this.#current = null;
  }

  reveal(command: Command): void {
    if (!command.prompt.isDisposed) {
      this.#current = command;
      this.actions.log.terminal.scrollToLine(Math.max(0, command.prompt.line - 1));
      this.refresh();
    }
  }

  /** The command that keys are about: the one jumped to, else the last one. */
  get chosen(): Command | null {
    return this.#current && !this.#current.prompt.isDisposed ? this.#current : this.actions.log.commands.at(-1) ?? null;
  }

  /** Opens the menu of a command, at its mark if that can be seen. */
  open(command: Command | null = this.chosen): void {
    if (!command) {
      return;
    }
    this.reveal(command);
    this.#draw();
    const button = this.#buttons.get(command);
    const title = document.createElement("p");
    title.className = "command-menu-title";
    title.textContent = `${lineOf(command) || "Command"} (${outcomeWords(command)})`;
    this.#menu.setAttribute("aria-label", title.textContent);
    this.#menu.replaceChildren(title, ...actionsOf(command, this.actions).map(({ label, run }) => {
      const item = document.createElement("button");
      item.type = "button";
      item.setAttribute("role", "menuitem");
      item.textContent = label;
      item.addEventListener("click", () => {
        this.#menu.hidePopover();
        this.actions.focus();
        run();
      });
      return item;
    }));
    this.#menu.showPopover();
    if (title.scrollHeight > title.clientHeight) {
      title.tabIndex = 0;
    }
    const box = (button ?? this.#element).getBoundingClientRect();
    this.#menu.style.left = `${Math.max(8, Math.min(box.right + 4, innerWidth - this.#menu.offsetWidth - 8))}px`;
    this.#menu.style.top = `${Math.max(8, Math.min(box.top, innerHeight - this.#menu.offsetHeight - 8))}px`;
    this.#menu.querySelector("button")?.focus();
  }

  #menuKey(event: KeyboardEvent): void {
    const items = [...this.#menu.querySelectorAll("button")];
    if (document.activeElement?.matches(".command-menu-title") && event.key !== "Escape") {
      // A long line is scrolled by the keys that go through the actions elsewhere.
      event.stopPropagation();
      return;
    }
    const at = items.indexOf(document.activeElement as HTMLButtonElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1 + items.length, Home: 0, End: items.length - 1 }[event.key];
    if (to !== undefined) {
      event.preventDefault();
      items[to % items.length]?.focus();
    } else if (event.key === "Escape") {
      event.preventDefault();
      this.#menu.hidePopover();
      this.actions.focus();
    }
    event.stopPropagation();
  }

  #draw(): void {
    const { terminal, commands } = this.actions.log;
    const buffer = terminal.buffer.active;
    this.#drawn = sight(this.actions.log);
    const shown = new Set<Command>();
    if (this.#height > 0 && buffer.type === "normal") {
      for (let at = commands.length - 1; at >= 0; at--) {
        const command = commands[at]!;
        const row = command.prompt.line - buffer.viewportY;
        if (command.prompt.isDisposed || row >= terminal.rows) {
          continue;
        }
        if (row < 0) {
          break;
        }
        shown.add(command);
        this.#place(command, this.#top + row * this.#height, this.#height);
      }
    }
    for (const [command, button] of this.#buttons) {
      if (!shown.has(command)) {
        button.remove();
        this.#buttons.delete(command);
      }
    }
  }

  #place(command: Command, top: number, height: number): void {
    let button = this.#buttons.get(command);
    if (!button) {
      button = document.createElement("button");
      button.type = "button";
      button.tabIndex = -1;
      button.className = "command-mark";
      button.setAttribute("aria-haspopup", "menu");
      // The terminal keeps the keys.
      button.addEventListener("mousedown", event => event.preventDefault());
      button.addEventListener("click", () => this.open(command));
      this.#buttons.set(command, button);
      this.#element.append(button);
    }
    const now = outcome(command);
    const words = `${outcomeWords(command)}: ${lineOf(command) || "command"}`;
    if (button.title !== words) {
      button.dataset["outcome"] = now;
      button.textContent = signs[now];
      button.title = words;
      button.setAttribute("aria-label", words);
    }
    button.classList.toggle("current", command === this.#current);
    button.style.top = `${top}px`;
    button.style.height = `${height}px`;
  }
}
