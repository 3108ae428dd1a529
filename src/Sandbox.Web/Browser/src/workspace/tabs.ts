import type { WantedTerminal } from "../page/api";
import { make } from "../page/dom";
import { exclusive } from "../page/exclusive";
import { toast } from "../page/toast";
import type { KeyBar } from "../terminals/input/key-bar";
import { endWords } from "../terminals/notices";
import { hubWords } from "../terminals/session/hub-error";
import type { HubLink } from "../terminals/session/hub-link";
import type { TerminalSession } from "../terminals/session/terminal-session";
import { TerminalPane } from "../terminals/terminal-pane";
import { expectedSize } from "../terminals/view/expected-size";
import type { Size } from "../terminals/view/terminal-size";
import { mayClose } from "./close-question";
import { panes, reconcile } from "./layout";
import { allowCopies, copiesAllowed, followRemembered } from "./layout-store";
import { directoryOf, openCommand, openOwn, openShell, openTerminals } from "./open-terminal";
import { askSandbox } from "./sandbox-menu";
import { SparePane } from "./spare-pane";
import { Stage, type Where } from "./stage";
import { programWord } from "./tab-label";
import { TabMemory } from "./tab-memory";
import { type Place, TerminalTab } from "./terminal-tab";

/** The terminals of one playground: which are open, and how they are opened and closed. */
export class Tabs {
  onFind: () => void = () => undefined;
  /** A terminal went live. */
  onFirst: () => void = () => undefined;
  /** A terminal ended. */
  onEnded: () => void = () => undefined;
  /** Where the terminals are. */
  readonly stage: Stage;
  readonly #tabs = new Map<string, TerminalTab>();
  readonly #onTerminal: ((tab: TerminalTab) => void)[] = [];
  readonly #onActive: ((tab: TerminalTab | null) => void)[] = [];
  /** Tabs whose terminal is not started yet. */
  readonly #waiting: { tab: TerminalTab; pane: TerminalPane | null; replay: boolean }[] = [];
  readonly #spare = new SparePane(element => this.#pane(element));
  #reported: string | null = null;
  #sandboxes: readonly Place[] = [];
  readonly #memory = new TabMemory();
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
    // Another page of the same playground renamed a terminal.
    followRemembered(playground => playground === this.#memory.playground, ({ names }) => {
      for (const tab of this.#tabs.values()) {
        tab.given = names[tab.id] ?? "";
      }
    });
  }

  /** Calls back for every terminal on the page, before it is started. */
  onTerminal(listener: (tab: TerminalTab) => void): void {
    this.#onTerminal.push(listener);
  }

  /** Calls back when another terminal becomes active. */
  onActive(listener: (tab: TerminalTab | null) => void): void {
    this.#onActive.push(listener);
  }

  get active(): TerminalPane | null {
    return this.activeTab?.pane ?? null;
  }

  get activeTab(): TerminalTab | undefined {
    return this.stage.active;
  }

  get all(): readonly TerminalTab[] {
    return [...this.#tabs.values()];
  }

  get sessions(): TerminalSession[] {
    return this.all.map(tab => tab.pane.session);
  }

  /** The size that the first terminal will have; null if there is no room for one. */
  get expectedSize(): Size | null {
    const place = this.stage.body;
    return place ? expectedSize(place) : null;
  }

  /** Makes the pane of the first terminal while its sandbox is made. */
  prepare(): Promise<void> {
    return this.#spare.prepare(() => this.#tabs.size > 0 ? null : this.stage.body);
  }

  /** Shows the terminals that are open already where they were, or opens the one that a visitor expects. */
  async enter(playground: string, sandboxes: readonly Place[], wanted: readonly WantedTerminal[] = []): Promise<void> {
    this.#sandboxes = sandboxes;
    await this.prepare();
    // Two pages of one playground that load at once must not open two shells.
    await exclusive(`open-${playground}`, async () => {
      const all = (await Promise.all(sandboxes.map(async sandbox => (await openTerminals(sandbox.id)).map(terminal => ({ ...terminal, sandbox }))))).flat();
      // A shell that came with the sandbox and that nobody looked at is the first shell that the recipe asks for.
      const open = all.filter(terminal => wanted.length === 0 || !terminal.own || terminal.seen || programWord(terminal.command) !== "shell");
      const isNew = open.every(terminal => terminal.own && !terminal.seen);
      const layout = this.#memory.load(playground, open.map(terminal => terminal.id));
      for (const terminal of open) {
        this.#add(terminal.id, terminal.sandbox, programWord(terminal.command), terminal.seen ?? true).command = terminal.command ?? [];
      }
      this.stage.arrange(reconcile(layout, [...this.#tabs.keys()]));
      this.#start();
      if (isNew && wanted.length > 0) {
        await this.#openWanted(wanted);
      } else if (this.#tabs.size === 0) {
        await this.open();
      } else if (isNew && open.every(terminal => terminal.service)) {
        await this.#openBeside(open[0]!);
      }
      // Before the lock is given back, which takes longer than a prompt may: it has the keys by then.
      this.stage.focus();
    });
  }

  /** The playground's nodes are these now: the terminals of one that is gone go with it. */
  follow(sandboxes: readonly Place[]): void {
    this.#sandboxes = sandboxes;
    for (const tab of this.all) {
      if (sandboxes.some(({ id }) => id === tab.sandbox.id)) {
        tab.node = this.#nodeOf(tab);
      } else {
        this.#remove(tab);
      }
    }
  }

  #nodeOf(tab: TerminalTab): number | null {
    return this.#sandboxes.length > 1 ? this.#sandboxes.findIndex(({ id }) => id === tab.sandbox.id) : null;
  }

  /** Opens one more shell; calls meanwhile share it. */
  open(where: Where & { sandbox?: Place; isShell?: boolean; command?: readonly string[] | undefined } = {}): Promise<void> {
    this.#opening ??= this.#open(where).finally(() => {
      this.#opening = null;
      this.stage.disableCreate(false);
    });
    return this.#opening;
  }

  /** Opens the terminals that the recipe asks for, in its order; the first is shown. */
  async #openWanted(wanted: readonly WantedTerminal[]): Promise<void> {
    let first: TerminalTab | undefined;
    for (const { node, title, command, run } of wanted) {
      const sandbox = this.#sandboxes.find(place => place.name === node) ?? this.#sandboxes[0]!;
      const before = new Set(this.#tabs.keys());
      await this.#open({ sandbox, command: command.length > 0 ? command : undefined });
      this.stage.disableCreate(false);
      const tab = this.all.find(tab => !before.has(tab.id));
      if (!tab) {
        continue;
      }
      first ??= tab;
      if (title) {
        tab.given = title;
      }
      if (run) {
        // The shell reads it once it is up.
        tab.pane.session.type(new TextEncoder().encode(`${run}\r`));
      }
    }
    if (first) {
      this.stage.show(first.id);
    }
    this.#remember();
  }

  /** Opens a shell below a service's log, or behind it on a phone. */
  async #openBeside({ id, sandbox }: { id: string; sandbox: Place }): Promise<void> {
    try {
      await this.open({ pane: this.stage.focused, side: "down", sandbox, isShell: true });
    } catch {
      // It may have ended by now, and its sandbox with it: the page shows that.
      return;
    }
    if (panes(this.stage.layout).length === 1) {
      this.stage.show(id);
    }
  }

  closeActive(): void {
    if (this.activeTab) {
      void this.#askToClose(this.activeTab);
    }
  }

  /** Removes all tabs, as after a restart, which ended their programs. */
  reset(): void {
    this.#waiting.length = 0;
    for (const tab of this.#tabs.values()) {
      tab.dispose();
    }
    this.#tabs.clear();
    this.#memory.reset();
    this.stage.clear();
  }

  detachAll(): void {
    for (const tab of this.#tabs.values()) {
      tab.pane.detach();
    }
  }

  /** Opens a shell for the visitor, who chooses the sandbox if there are several. */
  async #create(where: Where, button: HTMLElement | null): Promise<void> {
    if (!this.stage.hasRoom(where)) {
      toast("This pane is too small to split", "error");
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

  async #open(where: Where & { sandbox?: Place; isShell?: boolean; command?: readonly string[] | undefined }): Promise<void> {
    const connection = this.link.connection;
    if (!connection) {
      throw new Error("There is no connection yet.");
    }
    this.stage.disableCreate(true);
    const sandbox = where.sandbox ?? this.activeTab?.sandbox ?? this.#sandboxes[0];
    if (!sandbox) {
      throw new Error("There is no sandbox to open a shell in.");
    }
    // The first terminal runs the image's own command. Further ones are shells in the directory of the terminal beside.
    const isFirst = !where.isShell && !this.all.some(tab => tab.sandbox.id === sandbox.id);
    const beside = this.#tabs.get(where.replaces ?? "") ?? this.stage.topOf(where.pane) ?? this.activeTab;
    const directory = beside && !isFirst && beside.sandbox.id === sandbox.id ? await directoryOf(sandbox.id, beside.id) : null;
    await this.prepare();
    const size = this.#sizeFor(where);
    const id = await (where.command ? openCommand(connection, sandbox.id, size, where.command) : isFirst ? openOwn(connection, sandbox.id, size) : openShell(connection, sandbox.id, size, directory));
    const tab = this.#add(id, sandbox, programWord(where.command), false);
    tab.command = where.command ?? [];
    if (isFirst) {
      void this.#name(tab);
    }
    tab.given = this.#tabs.get(where.replaces ?? "")?.given ?? tab.given;
    this.stage.place(id, where);
    this.#start();
  }

  /** The image's command may be another program than a shell. */
  async #name(tab: TerminalTab): Promise<void> {
    const open = await openTerminals(tab.sandbox.id).catch(() => []);
    const found = open.find(terminal => terminal.id === tab.id);
    if (found) {
      tab.command = found.command ?? [];
      tab.program = programWord(found.command);
    }
  }

  /** The size of a terminal before it exists, so that its shell starts with it. */
  #sizeFor(where: Where): Size {
    const shown = this.#spare.pane ?? this.stage.topOf(where.pane)?.pane ?? this.active;
    if (!shown) {
      return { cols: 80, rows: 24 };
    }
    const { width, height } = this.stage.less(where);
    return shown.view.size.in(width, height);
  }

  /** A pane measures itself, so the tab is placed in the document before its terminal is attached. */
  #add(id: string, sandbox: Place, program: string, replay: boolean): TerminalTab {
    const known = this.#tabs.get(id);
    if (known) {
      return known;
    }
    const pane = this.#spare.take();
    const tab = new TerminalTab(id, sandbox, this.#memory.numberOf(id), program, pane?.element ?? make("div", "ws-terminal"));
    tab.given = this.#memory.nameOf(id);
    tab.node = this.#nodeOf(tab);
    tab.onRename = name => {
      tab.given = name;
      this.#remember();
    };
    tab.onClose = () => void this.#askToClose(tab);
    this.#tabs.set(id, tab);
    this.#waiting.push({ tab, pane, replay });
    return tab;
  }

  /** The waiting tabs are in the document now. */
  #start(): void {
    for (const { tab, pane, replay } of this.#waiting.splice(0)) {
      tab.pane = pane ?? this.#pane(tab.panel);
      this.#follow(tab);
      tab.pane.attach(tab.id, { replay });
      for (const listener of this.#onTerminal) {
        listener(tab);
      }
      tab.pane.start();
    }
    this.#report();
  }

  #pane(element: HTMLElement): TerminalPane {
    const { cols, rows } = this.active?.view.terminal ?? {};
    const pane = new TerminalPane(element, this.link, {
      size: cols && rows ? { cols, rows } : undefined,
      copies: { allowed: () => copiesAllowed(this.#memory.playground), allow: () => allowCopies(this.#memory.playground) },
    });
    pane.keyboard.transform = this.keys.transform;
    return pane;
  }

  #follow(tab: TerminalTab): void {
    const { pane } = tab;
    pane.keyboard.onFind = () => this.onFind();
    pane.keyboard.onLeave = () => tab.button.focus();
    pane.onTitle = title => {
      tab.title = title;
    };
    pane.onDirectory = path => {
      tab.directory = path;
    };
    pane.onState = state => {
      tab.item.dataset["state"] = state;
      if (state === "live") {
        this.onFirst();
      } else if (state === "exited" || state === "gone") {
        this.#ended(tab);
        this.onEnded();
      }
    };
  }

  #ended(tab: TerminalTab): void {
    const { command, program } = tab;
    tab.pane.note(endWords(tab.pane.session, program), [
      ...program === "shell" || command.length === 0 ? [] : [{ label: "Run it again", run: () => void this.#replace(tab, command) }],
      { label: "Open a new shell", run: () => void this.#replace(tab) },
      { label: "Close", run: () => this.#close(tab) },
    ]);
  }

  /** Opens a shell, or a program again, in the place of a terminal that has ended. */
  async #replace(tab: TerminalTab, command?: readonly string[]): Promise<void> {
    tab.pane.note(command ? `Starting ${tab.program}` : "Opening a new shell");
    // Another terminal may be opening.
    while (this.#opening) {
      await this.#opening.catch(() => undefined);
    }
    try {
      await this.open({ sandbox: tab.sandbox, replaces: tab.id, isShell: !command, command });
      this.#close(tab);
    } catch (error) {
      this.#ended(tab);
      toast(hubWords(error), "error");
    }
  }

  /** Closes a terminal for the visitor; asks first if a command runs in it. */
  async #askToClose(tab: TerminalTab): Promise<void> {
    // The dialog gives the focus back to the terminal, if it stays.
    tab.pane.focus();
    if (await mayClose(tab) && this.#tabs.has(tab.id)) {
      this.#close(tab);
    }
  }

  /** An ended terminal is closed too: the server keeps its output until then. */
  #close(tab: TerminalTab): void {
    if (!tab.pane.session.isOver && !this.link.connection) {
      toast("The server cannot be reached, so the program keeps running there. Close the terminal once you are connected.", "error");
      return;
    }
    tab.pane.session.close().catch((error: unknown) => toast(`The terminal could not be closed: ${hubWords(error)}`, "error"));
    this.#remove(tab);
  }

  #remove(tab: TerminalTab): void {
    if (!this.#tabs.delete(tab.id)) {
      return;
    }
    tab.dispose();
    this.#memory.forget(tab.id);
    this.stage.remove(tab.id);
    this.stage.focus();
  }

  #remember(): void {
    if (this.#memory.playground && this.#tabs.size > 0) {
      this.#memory.save(this.stage.layout, new Map(this.all.map(tab => [tab.id, tab.given])));
    }
  }

  #report(): void {
    const tab = this.activeTab;
    const id = tab?.pane ? tab.id : null;
    if (id !== this.#reported) {
      this.#reported = id;
      for (const listener of this.#onActive) {
        listener(id === null ? null : tab!);
      }
    }
  }
}
