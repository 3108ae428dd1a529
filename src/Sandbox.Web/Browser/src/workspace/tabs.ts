import { api, type OpenTerminal } from "../api";
import type { HubLink } from "../terminals/hub-link";
import type { KeyBar } from "../terminals/key-bar";
import { TerminalSession } from "../terminals/terminal-session";
import { TerminalView } from "../terminals/terminal-view";
import { toast } from "../toast";

interface Tab {
  readonly session: TerminalSession;
  readonly view: TerminalView;
  readonly button: HTMLButtonElement;
  readonly item: HTMLElement;
  readonly panel: HTMLElement;
  readonly notice: HTMLElement;
}

/** The terminals of one sandbox: which are open, which is shown. */
export class Tabs {
  onFind: () => void = () => undefined;
  onFirst: () => void = () => undefined;
  onEnded: () => void = () => undefined;
  readonly #tabs: Tab[] = [];
  #active: Tab | null = null;
  #sandbox = "";
  #opening: Promise<void> | null = null;
  #count = 0;
  #fontSize = read("font-size", 14);
  #screenReader = read("screen-reader", 0) === 1;

  constructor(
    private readonly strip: HTMLElement,
    private readonly stage: HTMLElement,
    private readonly newButton: HTMLButtonElement,
    private readonly link: HubLink,
    private readonly keys: KeyBar,
  ) {
    newButton.addEventListener("click", () => void this.open());
    strip.addEventListener("keydown", event => this.#arrows(event));
  }

  get active(): TerminalView | null {
    return this.#active?.view ?? null;
  }

  get sessions(): TerminalSession[] {
    return this.#tabs.map(tab => tab.session);
  }

  /** Shows the terminals that are open already, or opens the one that a visitor expects. */
  async enter(sandbox: string): Promise<void> {
    this.#sandbox = sandbox;
    // Two pages of one playground that load at once must not open two shells.
    await exclusive(`open-${sandbox}`, async () => {
      const answer = await api<OpenTerminal[] | { terminals: OpenTerminal[] }>("GET", `/api/v1/sandboxes/${sandbox}/terminals`);
      const terminals = Array.isArray(answer) ? answer : answer.terminals;
      for (const terminal of terminals) {
        if (!this.#tabs.some(tab => tab.session.id === terminal.id)) {
          this.#add(terminal.id, terminal.command?.[0] ?? "shell", true);
        }
      }
      if (terminals.length === 0) {
        await this.open();
      }
    });
  }

  /** Opens one more shell; asked again meanwhile, it is still one. */
  open(): Promise<void> {
    this.#opening ??= this.#open().finally(() => {
      this.#opening = null;
      this.newButton.disabled = false;
    });
    return this.#opening;
  }

  /** Takes all tabs away, as after a restart, which ended what ran in them. */
  reset(): void {
    for (const tab of [...this.#tabs]) {
      this.#remove(tab);
    }
  }

  detachAll(): void {
    for (const tab of this.#tabs) {
      tab.session.detach();
    }
  }

  zoom(by: number): void {
    this.#fontSize = by === 0 ? 14 : Math.min(28, Math.max(9, this.#fontSize + by));
    write("font-size", this.#fontSize);
    for (const tab of this.#tabs) {
      tab.view.terminal.options.fontSize = this.#fontSize;
      tab.view.fit();
    }
    toast(`Text size ${this.#fontSize}`);
  }

  toggleScreenReader(): boolean {
    this.#screenReader = !this.#screenReader;
    write("screen-reader", this.#screenReader ? 1 : 0);
    for (const tab of this.#tabs) {
      tab.view.terminal.options.screenReaderMode = this.#screenReader;
    }
    return this.#screenReader;
  }

  get screenReader(): boolean {
    return this.#screenReader;
  }

  async #open(): Promise<void> {
    const connection = this.link.connection;
    if (!connection) {
      throw new Error("There is no connection yet.");
    }
    this.newButton.disabled = true;
    const { cols, rows } = this.#measure();
    const id = await connection.invoke<string>("Open", this.#sandbox, cols, rows, null);
    this.#add(id, "shell", false);
  }

  /** The size a terminal will have, before there is one, so that its shell starts with it. */
  #measure(): { cols: number; rows: number } {
    const shown = this.#active?.view.terminal;
    if (shown) {
      return { cols: shown.cols, rows: shown.rows };
    }
    const probe = document.createElement("span");
    probe.className = "ws-probe";
    probe.style.fontSize = `${this.#fontSize}px`;
    probe.textContent = "W".repeat(50);
    this.stage.append(probe);
    const box = probe.getBoundingClientRect();
    probe.remove();
    const cell = { width: box.width / 50, height: this.#fontSize * 1.15 * 1.2 };
    return {
      cols: Math.min(500, Math.max(20, Math.floor((this.stage.clientWidth - 34) / cell.width))),
      rows: Math.min(200, Math.max(5, Math.floor((this.stage.clientHeight - 20) / cell.height))),
    };
  }

  #add(id: string, command: string, replay: boolean): void {
    const number = ++this.#count;
    const panel = document.createElement("div");
    panel.className = "ws-terminal";
    panel.id = `terminal-${id}`;
    panel.setAttribute("role", "tabpanel");
    panel.setAttribute("aria-labelledby", `tab-${id}`);
    const host = document.createElement("div");
    host.className = "ws-xterm";
    const notice = document.createElement("div");
    notice.className = "ws-notice";
    notice.setAttribute("role", "status");
    notice.hidden = true;
    panel.append(host, notice);
    this.stage.append(panel);

    const item = document.createElement("div");
    item.className = "ws-tab";
    item.setAttribute("role", "presentation");
    const button = document.createElement("button");
    button.type = "button";
    button.id = `tab-${id}`;
    button.setAttribute("role", "tab");
    button.setAttribute("aria-controls", panel.id);
    const name = `${basename(command)} ${number}`;
    button.textContent = name;
    const close = document.createElement("button");
    close.type = "button";
    close.className = "ws-tab-close";
    close.setAttribute("aria-label", `Close ${name}`);
    close.title = "Close: ends what runs in it";
    close.textContent = "×";
    item.append(button, close);
    this.strip.append(item);

    for (const other of this.#tabs) {
      other.panel.hidden = true;
    }
    const view = new TerminalView(host, { fontSize: this.#fontSize, screenReader: this.#screenReader });
    // WebGL paints the screen where nothing else can read it; who looks from outside, as a test does, finds it here.
    Object.assign(host, { terminal: view.terminal });
    const session = new TerminalSession(this.link, id, view);
    const tab: Tab = { session, view, button, item, panel, notice };
    this.#tabs.push(tab);
    view.transform = this.keys.transform;
    view.onFind = () => this.onFind();
    view.onLeave = () => button.focus();
    view.onTitle = title => {
      button.textContent = title.trim().slice(0, 40) || name;
      button.title = title.slice(0, 200);
    };
    button.addEventListener("click", () => this.#show(tab));
    close.addEventListener("click", () => this.#close(tab));
    session.onState = state => {
      item.dataset["state"] = state;
      if (state === "live") {
        this.onFirst();
      } else if (state === "exited" || state === "gone") {
        this.#ended(tab);
        this.onEnded();
      }
    };
    session.onInputNotice = notice => {
      if (notice === "full") {
        this.#note(tab, "The program is not reading its input. Keys wait here until it does.", []);
      } else if (notice === "refused") {
        toast("Too much at once: up to 1 MiB can wait for the program", "error");
      } else if (notice === "uncertain") {
        toast("The connection broke while keys were on their way; look whether they arrived", "error");
      } else if (tab.session.state === "live") {
        hideNotice(tab);
      }
    };
    view.use(session, replay);
    session.start();
    this.#show(tab);
  }

  #show(tab: Tab): void {
    this.#active = tab;
    for (const other of this.#tabs) {
      const shown = other === tab;
      other.panel.hidden = !shown;
      other.button.setAttribute("aria-selected", String(shown));
      other.button.tabIndex = shown ? 0 : -1;
      other.item.classList.toggle("active", shown);
    }
    tab.item.scrollIntoView({ block: "nearest", inline: "nearest" });
    tab.view.fit();
    tab.view.focus();
  }

  #ended(tab: Tab): void {
    const code = tab.session.exitCode;
    const text = tab.session.state === "gone"
      ? "This terminal is no longer there."
      : code === 0 ? "The shell ended." : code !== null && code > 128 && code < 165 ? `The shell was ended by signal ${code - 128}.` : `The shell ended with exit code ${code}.`;
    this.#note(tab, text, [
      { label: "Open a new shell", run: () => void this.#replace(tab) },
      { label: "Close", run: () => this.#remove(tab) },
    ]);
  }

  async #replace(tab: Tab): Promise<void> {
    try {
      await this.open();
      this.#remove(tab);
    } catch (error) {
      toast(hubMessage(error), "error");
    }
  }

  #close(tab: Tab): void {
    void tab.session.close();
    this.#remove(tab);
  }

  #remove(tab: Tab): void {
    const index = this.#tabs.indexOf(tab);
    if (index < 0) {
      return;
    }
    this.#tabs.splice(index, 1);
    tab.session.detach();
    tab.view.dispose();
    tab.item.remove();
    tab.panel.remove();
    if (this.#active === tab) {
      this.#active = null;
      const next = this.#tabs[Math.min(index, this.#tabs.length - 1)];
      if (next) {
        this.#show(next);
      } else {
        this.newButton.focus();
      }
    }
  }

  #note(tab: Tab, text: string, actions: { label: string; run: () => void }[]): void {
    const words = document.createElement("span");
    words.textContent = text;
    tab.notice.replaceChildren(words, ...actions.map((action, index) => {
      const button = document.createElement("button");
      button.type = "button";
      button.className = index === 0 ? "button small primary" : "button small";
      button.textContent = action.label;
      button.addEventListener("click", action.run);
      return button;
    }));
    tab.notice.hidden = false;
    tab.view.fit();
  }

  #arrows(event: KeyboardEvent): void {
    const index = this.#tabs.findIndex(tab => tab.button === event.target);
    if (index < 0) {
      return;
    }
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step !== undefined) {
      event.preventDefault();
      const next = this.#tabs[(index + step + this.#tabs.length) % this.#tabs.length]!;
      this.#show(next);
      next.button.focus();
    } else if (event.key === "ArrowDown" || event.key === "Escape") {
      event.preventDefault();
      this.#tabs[index]!.view.focus();
    } else if (event.key === "Delete") {
      this.#close(this.#tabs[index]!);
    }
  }
}

function hideNotice(tab: Tab): void {
  tab.notice.hidden = true;
  tab.view.fit();
}

/** The words a hub gave with its refusal, without SignalR's frame around them. */
export function hubMessage(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.replace(/^.*HubException:\s*/, "").replace(/^[a-z_]+:\s+/, "");
}

function basename(command: string): string {
  return command.split("/").pop() || "shell";
}

async function exclusive(name: string, action: () => Promise<void>): Promise<void> {
  if (navigator.locks) {
    await navigator.locks.request(name, action);
  } else {
    await action();
  }
}

function read(key: string, fallback: number): number {
  try {
    return Number(localStorage.getItem(key) ?? fallback) || fallback;
  } catch {
    return fallback;
  }
}

function write(key: string, value: number): void {
  try {
    localStorage.setItem(key, String(value));
  } catch {
    // Without storage it lasts as long as the page.
  }
}
