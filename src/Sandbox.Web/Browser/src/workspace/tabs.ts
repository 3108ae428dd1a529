import { confirmed } from "../confirm";
import { make } from "../dom";
import type { HubLink } from "../terminals/hub-link";
import type { KeyBar } from "../terminals/key-bar";
import { endWords, hubWords } from "../terminals/notices";
import { plain } from "../terminals/osc";
import { painterReady } from "../terminals/painter";
import type { TerminalSession } from "../terminals/terminal-session";
import type { Size } from "../terminals/terminal-size";
import type { TerminalView } from "../terminals/terminal-view";
import { toast } from "../toast";
import { beginTerminal, makeView } from "./begin-terminal";
import { reconcile } from "./layout";
import { followRemembered, recall, remember } from "./layout-store";
import { directoryOf, openOwn, openShell, openTerminals } from "./open-terminal";
import { askSandbox } from "./sandbox-menu";
import { Stage, type Where } from "./stage";
import { nextNumber, programWord } from "./tab-label";
import { type Place, type TerminalParts, TerminalTab } from "./terminal-tab";

/** The terminals of one playground: which are open, how they come and how they go. */
export class Tabs {
  onFind: () => void = () => undefined;
  onFirst: () => void = () => undefined;
  onEnded: () => void = () => undefined;
  /** The line of what runs in a terminal; empty for one that nobody tells, null when nothing is known to run. */
  runsIn: (parts: TerminalParts) => string | null = () => null;
  /** Where each of them is. */
  readonly stage: Stage;
  readonly #tabs = new Map<string, TerminalTab>();
  readonly #onTerminal: ((parts: TerminalParts) => void)[] = [];
  readonly #onActive: ((parts: TerminalParts | null) => void)[] = [];
  /** Terminals that have a place and have not begun yet. */
  readonly #waiting: { tab: TerminalTab; view: TerminalView | null; replay: boolean }[] = [];
  /** A view that waits for its terminal, see {@link prepare}. */
  #spare: TerminalView | null = null;
  #reported: string | null = null;
  #playground = "";
  #sandboxes: readonly Place[] = [];
  #names: Record<string, string> = {};
  #numbers: Record<string, number> = {};
  /** Terminals that went while this page was there; what another page remembers of them is old. */
  readonly #gone = new Set<string>();
  #opening: Promise<void> | null = null;

  constructor(stage: HTMLElement, private readonly link: HubLink, private readonly keys: KeyBar) {
    this.stage = new Stage(stage, terminal => this.#tabs.get(terminal), {
      create: (where, button) => void this.#create(where, button),
      close: terminal => void this.#askToClose(this.#tabs.get(terminal)!),
      changed: () => {
        this.#remember();
        this.#report();
      },
    });
    // Another page of the same playground gave a name.
    followRemembered(playground => playground === this.#playground, ({ names }) => {
      for (const tab of this.#tabs.values()) {
        tab.given = names[tab.id] ?? "";
      }
    });
  }

  /** Calls back for every terminal that comes onto the page, those that are there already first. */
  onTerminal(listener: (parts: TerminalParts) => void): void {
    this.#onTerminal.push(listener);
    this.#tabs.forEach(listener);
  }

  /** Calls back whenever keys go to another terminal than before. */
  onActive(listener: (parts: TerminalParts | null) => void): void {
    this.#onActive.push(listener);
  }

  get active(): TerminalView | null {
    return this.activeTab?.view ?? null;
  }

  get activeTab(): TerminalTab | undefined {
    return this.stage.active;
  }

  get all(): readonly TerminalTab[] {
    return [...this.#tabs.values()];
  }

  get sessions(): TerminalSession[] {
    return this.all.map(tab => tab.session);
  }

  /**
   * Makes the view of the first terminal where it will be, while its sandbox is made: so that the shell can start with
   * the size that it keeps, and nobody waits for the view.
   */
  async prepare(): Promise<void> {
    await painterReady;
    const { body } = this.stage;
    if (this.#tabs.size > 0 || !body) {
      return;
    }
    if (this.#spare) {
      // Its pane may have gone since.
      body.append(this.#spare.element.parentElement!);
      return;
    }
    const place = make("div", "ws-terminal");
    const host = make("div", "ws-xterm");
    place.append(host);
    body.append(place);
    this.#spare = makeView(host, null);
  }

  /** Shows the terminals that are open already where they were, or opens the one that a visitor expects. */
  async enter(playground: string, sandboxes: readonly Place[]): Promise<void> {
    this.#playground = playground;
    this.#sandboxes = sandboxes;
    await this.prepare();
    // Two pages of one playground that load at once must not open two shells.
    await exclusive(`open-${playground}`, async () => {
      const open = (await Promise.all(sandboxes.map(async sandbox => (await openTerminals(sandbox.id)).map(terminal => ({ ...terminal, sandbox }))))).flat();
      const remembered = recall(playground);
      this.#names = ofOpen(remembered?.names ?? {});
      this.#numbers = ofOpen(remembered?.numbers ?? {});
      if (remembered) {
        remember(playground, { ...remembered, names: this.#names, numbers: this.#numbers });
      }

      function ofOpen<T>(values: Record<string, T>): Record<string, T> {
        return Object.fromEntries(Object.entries(values).filter(([id]) => open.some(terminal => terminal.id === id)));
      }
      for (const terminal of open) {
        this.#add(terminal.id, terminal.sandbox, programWord(terminal.command), true);
      }
      this.stage.arrange(reconcile(remembered?.layout ?? null, [...this.#tabs.keys()]));
      this.#start();
      if (this.#tabs.size === 0) {
        await this.open();
      }
    });
    this.stage.focus();
  }

  /** Opens one more shell; asked again meanwhile, it is still one. */
  open(where: Where & { sandbox?: Place } = {}): Promise<void> {
    this.#opening ??= this.#open(where).finally(() => {
      this.#opening = null;
      this.stage.disableCreate(false);
    });
    return this.#opening;
  }

  closeActive(): void {
    if (this.activeTab) {
      void this.#askToClose(this.activeTab);
    }
  }

  /** Takes all tabs away, as after a restart, which ended what ran in them. */
  reset(): void {
    this.#waiting.length = 0;
    for (const tab of this.#tabs.values()) {
      tab.dispose();
    }
    this.#tabs.clear();
    this.#numbers = {};
    this.stage.clear();
  }

  detachAll(): void {
    for (const tab of this.#tabs.values()) {
      tab.session.detach();
    }
  }

  /** Opens a shell as a visitor asks for it, who may have to say in which sandbox. */
  async #create(where: Where, button: HTMLElement | null): Promise<void> {
    if (!this.stage.hasRoom(where)) {
      toast("There is no room to split this pane", "error");
      return;
    }
    const sandbox = this.#sandboxes.length > 1 && button ? await askSandbox(button, this.#sandboxes) : this.#sandboxes[0];
    if (!sandbox) {
      this.active?.focus();
      return;
    }
    try {
      await this.open({ ...where, sandbox });
    } catch (error) {
      toast(hubWords(error), "error");
    }
    this.stage.focus();
  }

  async #open(where: Where & { sandbox?: Place }): Promise<void> {
    const connection = this.link.connection;
    if (!connection) {
      throw new Error("There is no connection yet.");
    }
    this.stage.disableCreate(true);
    const sandbox = where.sandbox ?? this.activeTab?.sandbox ?? this.#sandboxes[0];
    if (!sandbox) {
      throw new Error("There is no sandbox to open a shell in.");
    }
    // The first one is what the image starts; whoever asks for more wants a shell, where they work already.
    const isFirst = !this.all.some(tab => tab.sandbox.id === sandbox.id);
    const beside = this.#tabs.get(where.replaces ?? "") ?? this.stage.topOf(where.pane) ?? this.activeTab;
    const directory = beside && !isFirst && beside.sandbox.id === sandbox.id ? await directoryOf(sandbox.id, beside.id) : null;
    await this.prepare();
    const size = this.#sizeFor(where);
    const id = await (isFirst ? openOwn(connection, sandbox.id, size) : openShell(connection, sandbox.id, size, directory));
    const tab = this.#add(id, sandbox, "shell", false);
    if (isFirst) {
      void this.#name(tab);
    }
    tab.given = this.#tabs.get(where.replaces ?? "")?.given ?? tab.given;
    this.stage.place(id, where);
    this.#start();
  }

  /** What the image starts may be no shell. */
  async #name(tab: TerminalTab): Promise<void> {
    const open = await openTerminals(tab.sandbox.id).catch(() => []);
    const found = open.find(terminal => terminal.id === tab.id);
    if (found) {
      tab.program = programWord(found.command);
    }
  }

  /** The size a terminal will have, before there is one, so that its shell starts with it. */
  #sizeFor(where: Where): Size {
    const shown = this.#spare ?? this.stage.topOf(where.pane)?.view ?? this.active;
    if (!shown) {
      return { cols: 80, rows: 24 };
    }
    const { width, height } = this.stage.less(where);
    return shown.size.in(width, height);
  }

  /** A terminal gets its place in the document first and begins when it is there, because it measures itself. */
  #add(id: string, sandbox: Place, program: string, replay: boolean): TerminalTab {
    const known = this.#tabs.get(id);
    if (known) {
      return known;
    }
    const view = this.#spare;
    this.#spare = null;
    view?.element.parentElement!.remove();
    const number = this.#numbers[id] ??= nextNumber(Object.values(this.#numbers));
    const tab = new TerminalTab(id, sandbox, number, program, view?.element ?? make("div", "ws-xterm"));
    tab.given = this.#names[id] ?? "";
    tab.saysSandbox = this.#sandboxes.length > 1;
    tab.onRename = name => {
      tab.given = name;
      this.#remember();
    };
    tab.onClose = () => void this.#askToClose(tab);
    this.#tabs.set(id, tab);
    this.#waiting.push({ tab, view, replay });
    return tab;
  }

  #start(): void {
    const around = {
      link: this.link,
      keys: this.keys,
      playground: this.#playground,
      onFind: () => this.onFind(),
      onLive: () => this.onFirst(),
      onOver: (tab: TerminalTab) => {
        this.#ended(tab);
        this.onEnded();
      },
    };
    for (const { tab, view, replay } of this.#waiting.splice(0)) {
      const session = beginTerminal(tab, view ?? makeView(tab.host, this.active), replay, around);
      for (const listener of this.#onTerminal) {
        listener(tab);
      }
      session.start();
    }
    this.#report();
  }

  #ended(tab: TerminalTab): void {
    tab.note(endWords(tab.session), [
      { label: "Open a new shell", run: () => void this.#replace(tab) },
      { label: "Close", run: () => this.#close(tab) },
    ]);
  }

  async #replace(tab: TerminalTab): Promise<void> {
    tab.note("Opening a new shell");
    // Another one that is being opened is not the one meant here.
    while (this.#opening) {
      await this.#opening.catch(() => undefined);
    }
    try {
      await this.open({ sandbox: tab.sandbox, replaces: tab.id });
      this.#close(tab);
    } catch (error) {
      this.#ended(tab);
      toast(hubWords(error), "error");
    }
  }

  /** Closes one as a visitor asks for it, who may have forgotten what runs there. */
  async #askToClose(tab: TerminalTab): Promise<void> {
    const line = tab.session.isOver ? null : this.runsIn(tab);
    // The dialog gives the focus back to it, when it stays.
    tab.view.focus();
    const yes = line === null || await confirmed({
      title: `Close ${tab.name}?`,
      text: line === "" ? "A program runs in this terminal. Closing it ends the program." : `This runs in it, and ends with it: ${brief(line)}`,
      no: "Keep it open",
      yes: "Close it",
    });
    if (!this.#tabs.has(tab.id)) {
      return;
    }
    if (yes) {
      this.#close(tab);
    }
  }

  /** One that has ended is closed like any other: the server keeps it, with what it printed, until it is told to. */
  #close(tab: TerminalTab): void {
    if (!tab.session.isOver && !this.link.connection) {
      toast("The server cannot be reached, and what runs in this terminal goes on there. Close it once it can.", "error");
      return;
    }
    tab.session.close().catch((error: unknown) => toast(`The terminal may still be open: ${hubWords(error)}`, "error"));
    this.#remove(tab);
  }

  #remove(tab: TerminalTab): void {
    if (!this.#tabs.delete(tab.id)) {
      return;
    }
    tab.dispose();
    this.#gone.add(tab.id);
    delete this.#names[tab.id];
    delete this.#numbers[tab.id];
    this.stage.remove(tab.id);
    this.stage.focus();
  }

  #remember(): void {
    if (!this.#playground || this.#tabs.size === 0) {
      return;
    }
    this.#names = Object.fromEntries(this.all.filter(tab => tab.given).map(tab => [tab.id, tab.given]));
    // Of terminals that only another page shows, that one's words.
    const stored = recall(this.#playground);
    const others = <T>(values: Record<string, T> = {}): Record<string, T> => Object.fromEntries(Object.entries(values).filter(([id]) => !this.#tabs.has(id) && !this.#gone.has(id)));
    remember(this.#playground, {
      layout: this.stage.layout,
      names: { ...others(stored?.names), ...this.#names },
      numbers: { ...others(stored?.numbers), ...this.#numbers },
    });
  }

  #report(): void {
    const tab = this.activeTab;
    const id = tab?.view ? tab.id : null;
    if (id !== this.#reported) {
      this.#reported = id;
      for (const listener of this.#onActive) {
        listener(id === null ? null : tab!);
      }
    }
  }
}

/** As much of a line as a question has room for. */
function brief(line: string): string {
  const text = plain(line).trim();
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}

async function exclusive(name: string, action: () => Promise<void>): Promise<void> {
  if (navigator.locks) {
    await navigator.locks.request(name, action);
  } else {
    await action();
  }
}
