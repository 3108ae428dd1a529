import { api, type OpenTerminal } from "../api";
import type { HubLink } from "../terminals/hub-link";
import type { KeyBar } from "../terminals/key-bar";
import { endWords } from "../terminals/notices";
import { painterReady } from "../terminals/painter";
import type { TerminalSession } from "../terminals/terminal-session";
import type { Size } from "../terminals/terminal-size";
import type { TerminalView } from "../terminals/terminal-view";
import { toast } from "../toast";
import { beginTerminal, makeView } from "./begin-terminal";
import { neighbour } from "./geometry";
import * as layouts from "./layout";
import type { Layout, Side } from "./layout";
import { recall, remember } from "./layout-store";
import { Panes } from "./panes";
import { askSandbox } from "./sandbox-menu";
import { stripMove } from "./strip-keys";
import { startTabDrag } from "./tab-drag";
import { type Place, type TerminalParts, TerminalTab } from "./terminal-tab";

/** As narrow as a phone: one terminal at a time, all of them in one strip. */
const narrow = matchMedia("(max-width: 760px)");

/** A pane is not split when its halves would be smaller than this, in CSS pixels. */
const leastWidth = 200;
const leastHeight = 130;

/** The terminals of one playground: which are open, and where each is shown. */
export class Tabs {
  onFind: () => void = () => undefined;
  onFirst: () => void = () => undefined;
  onEnded: () => void = () => undefined;
  readonly #tabs = new Map<string, TerminalTab>();
  readonly #panes: Panes;
  readonly #onTerminal: ((parts: TerminalParts) => void)[] = [];
  readonly #onActive: ((parts: TerminalParts | null) => void)[] = [];
  /** Terminals that have a place and have not begun yet. */
  readonly #waiting: { tab: TerminalTab; view: TerminalView | null; replay: boolean }[] = [];
  /** A view that waits for its terminal, see {@link prepare}. */
  #spare: TerminalView | null = null;
  #layout: Layout = layouts.single([]);
  #reported: string | null = null;
  #playground = "";
  #sandboxes: readonly Place[] = [];
  #names: Record<string, string> = {};
  #opening: Promise<void> | null = null;
  #count = 0;

  constructor(private readonly stage: HTMLElement, private readonly link: HubLink, private readonly keys: KeyBar) {
    this.#panes = new Panes(stage, {
      create: (pane, button) => void this.#create(button, { pane }),
      split: (pane, side) => void this.#create(this.#panes.createButton(pane) ?? null, { pane, side }),
      focus: pane => this.#focused(pane),
      unzoom: () => this.zoomPane(),
      resize: (border, by, least) => this.#change(layouts.resize(this.#layout, border.split, border.index, by, least)),
      even: border => this.#change(layouts.even(this.#layout, border.split)),
    });
    startTabDrag(stage, this.#panes, (terminal, place) => {
      if (!("side" in place)) {
        const moved = narrow.matches ? layouts.moveInOrder(this.#layout, terminal, place.index) : layouts.move(this.#layout, terminal, place.pane, place.index);
        this.#change(layouts.activate(moved, terminal));
      } else if (!narrow.matches) {
        this.#change(layouts.split(this.#layout, place.pane, place.side, terminal));
      }
      this.active?.focus();
    });
    stage.addEventListener("keydown", event => this.#stripKey(event));
    stage.addEventListener("click", event => {
      const item = (event.target as Element).closest<HTMLElement>(".ws-tab");
      if (item && (event.target as Element).closest("[role=tab]")) {
        this.show(item.dataset["terminal"]!);
      }
    });
    narrow.addEventListener("change", () => this.#change(this.#layout));
    this.#render();
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
    return this.#tabs.get(layouts.focusedPane(this.#layout).active);
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
    const body = this.#panes.body(layouts.focusedPane(this.#layout).id);
    if (!this.#spare && this.#tabs.size === 0 && body) {
      const place = make("div", "ws-terminal");
      const host = make("div", "ws-xterm");
      place.append(host);
      body.append(place);
      this.#spare = makeView(host, null);
    }
  }

  /** Shows the terminals that are open already where they were, or opens the one that a visitor expects. */
  async enter(playground: string, sandboxes: readonly Place[]): Promise<void> {
    this.#playground = playground;
    this.#sandboxes = sandboxes;
    await this.prepare();
    // Two pages of one playground that load at once must not open two shells.
    await exclusive(`open-${playground}`, async () => {
      const open = (await Promise.all(sandboxes.map(async sandbox => {
        const answer = await api<OpenTerminal[] | { terminals: OpenTerminal[] }>("GET", `/api/v1/sandboxes/${sandbox.id}/terminals`);
        return (Array.isArray(answer) ? answer : answer.terminals).map(terminal => ({ ...terminal, sandbox }));
      }))).flat();
      const remembered = recall(playground);
      this.#names = remembered?.names ?? {};
      for (const terminal of open) {
        this.#add(terminal.id, terminal.sandbox, terminal.command?.[0] ?? "shell", true);
      }
      this.#change(layouts.reconcile(remembered?.layout ?? null, [...this.#tabs.keys()]));
      if (open.length === 0) {
        await this.open();
      }
    });
    this.#start();
    this.active?.focus();
  }

  /** Opens one more shell, in the focused pane or at a side of it; asked again meanwhile, it is still one. */
  open(where: { pane?: string; side?: Side; sandbox?: Place; replaces?: string } = {}): Promise<void> {
    this.#opening ??= this.#open(where).finally(() => {
      this.#opening = null;
      this.#panes.disableCreate(false);
    });
    return this.#opening;
  }

  /** Opens a shell as a visitor asks for it, who may have to say in which sandbox. */
  create(side?: Side): Promise<void> {
    const pane = layouts.focusedPane(this.#layout).id;
    return this.#create(this.#panes.createButton(pane) ?? null, { pane, ...side ? { side } : {} });
  }

  show(terminal: string): void {
    this.#change(layouts.activate(this.#layout, terminal));
    this.#tabs.get(terminal)?.view.focus();
  }

  /** To the terminal before or after, within the pane and around its ends. */
  step(by: number): void {
    const { tabs, active } = layouts.focusedPane(layouts.shown(this.#layout, narrow.matches));
    const next = tabs[(tabs.indexOf(active) + by + tabs.length) % tabs.length];
    if (next) {
      this.show(next);
    }
  }

  /** Gives the keys to the pane at one side. */
  toPane(side: Side): void {
    const next = narrow.matches || this.#layout.zoomed ? null : neighbour(this.#layout, this.#layout.focused, side);
    if (next) {
      this.#change({ ...this.#layout, focused: next });
      this.active?.focus();
    }
  }

  zoomPane(): void {
    if (layouts.panes(this.#layout).length > 1) {
      this.#change({ ...this.#layout, zoomed: !this.#layout.zoomed });
      this.active?.focus();
    }
  }

  /** Moves a terminal among its neighbours, and past the last of them into the next pane. */
  moveActive(by: -1 | 1, keepFocus = false): void {
    const terminal = this.activeTab?.id;
    if (terminal === undefined) {
      return;
    }
    const all = layouts.panes(this.#layout);
    const home = all.findIndex(pane => pane.tabs.includes(terminal));
    const pane = all[home]!;
    const index = pane.tabs.indexOf(terminal) + by;
    const next = all[home + by];
    if (index >= 0 && index < pane.tabs.length) {
      this.#change(layouts.move(this.#layout, terminal, pane.id, index));
    } else if (next) {
      this.#change(layouts.move(this.#layout, terminal, next.id, by > 0 ? 0 : next.tabs.length));
    }
    if (!keepFocus) {
      this.active?.focus();
    }
  }

  closeActive(): void {
    if (this.activeTab) {
      this.#close(this.activeTab);
    }
  }

  /** Takes all tabs away, as after a restart, which ended what ran in them. */
  reset(): void {
    for (const tab of this.#tabs.values()) {
      tab.dispose();
    }
    this.#tabs.clear();
    this.#layout = layouts.single([]);
    this.#render();
  }

  detachAll(): void {
    for (const tab of this.#tabs.values()) {
      tab.session.detach();
    }
  }

  async #create(button: HTMLElement | null, where: { pane: string; side?: Side }): Promise<void> {
    const box = this.#panes.element(where.pane)?.getBoundingClientRect();
    if (where.side && box && ((where.side === "right" && box.width < 2 * leastWidth) || (where.side === "down" && box.height < 2 * leastHeight))) {
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
      this.active?.focus();
    } catch (error) {
      toast(hubMessage(error), "error");
    }
  }

  async #open(where: { pane?: string; side?: Side; sandbox?: Place; replaces?: string }): Promise<void> {
    const connection = this.link.connection;
    if (!connection) {
      throw new Error("There is no connection yet.");
    }
    this.#panes.disableCreate(true);
    const sandbox = where.sandbox ?? this.activeTab?.sandbox ?? this.#sandboxes[0];
    if (!sandbox) {
      throw new Error("There is no sandbox to open a shell in.");
    }
    await this.prepare();
    const { cols, rows } = this.#sizeFor(where);
    const id = await connection.invoke<string>("Open", sandbox.id, cols, rows, null);
    const tab = this.#add(id, sandbox, "shell", false);
    const pane = layouts.panes(this.#layout).find(each => each.id === where.pane)?.id ?? layouts.focusedPane(this.#layout).id;
    const home = where.replaces === undefined ? undefined : layouts.paneOf(this.#layout, where.replaces);
    if (home) {
      tab.given = this.#tabs.get(where.replaces!)!.given;
      this.#change(layouts.add(this.#layout, id, home.id, home.tabs.indexOf(where.replaces!)));
    } else {
      this.#change(where.side && !narrow.matches ? layouts.split(this.#layout, pane, where.side, id) : layouts.add(this.#layout, id, pane));
    }
    this.#start();
  }

  /** The size a terminal will have, before there is one, so that its shell starts with it. */
  #sizeFor({ pane, side }: { pane?: string; side?: Side }): Size {
    const home = pane === undefined ? undefined : layouts.panes(this.#layout).find(each => each.id === pane);
    const shown = this.#spare ?? this.#tabs.get(home?.active ?? "")?.view ?? this.active;
    if (!shown) {
      return { cols: 80, rows: 24 };
    }
    const box = home && side && !narrow.matches ? this.#panes.element(home.id)?.getBoundingClientRect() : undefined;
    return shown.size.in(box && side === "right" ? box.width / 2 : 0, box && side === "down" ? box.height / 2 : 0);
  }

  /** A terminal gets its place in the document first and begins when it is there, because it measures itself. */
  #add(id: string, sandbox: Place, command: string, replay: boolean): TerminalTab {
    const known = this.#tabs.get(id);
    if (known) {
      return known;
    }
    const view = this.#spare;
    this.#spare = null;
    view?.element.parentElement!.remove();
    const tab = new TerminalTab(id, sandbox, `${basename(command)} ${++this.#count}`, view?.element ?? make("div", "ws-xterm"));
    tab.given = this.#names[id] ?? "";
    tab.saysSandbox = this.#sandboxes.length > 1;
    tab.onRename = name => {
      tab.given = name;
      this.#remember();
    };
    tab.onClose = () => this.#close(tab);
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
      { label: "Close", run: () => this.#remove(tab) },
    ]);
  }

  async #replace(tab: TerminalTab): Promise<void> {
    try {
      await this.open({ sandbox: tab.sandbox, replaces: tab.id });
      this.#remove(tab);
    } catch (error) {
      toast(hubMessage(error), "error");
    }
  }

  #close(tab: TerminalTab): void {
    void tab.session.close();
    this.#remove(tab);
  }

  #remove(tab: TerminalTab): void {
    if (!this.#tabs.delete(tab.id)) {
      return;
    }
    tab.dispose();
    delete this.#names[tab.id];
    this.#change(layouts.remove(this.#layout, tab.id));
    if (this.active) {
      this.active.focus();
    } else {
      this.#panes.createButton(layouts.focusedPane(this.#layout).id)?.focus();
    }
  }

  #focused(pane: string): void {
    if (!narrow.matches && this.#layout.focused !== pane) {
      this.#change({ ...this.#layout, focused: pane });
    }
  }

  #change(layout: Layout): void {
    this.#layout = layout;
    this.#render();
    this.#remember();
    this.#report();
  }

  #render(): void {
    // Moving an element within the document takes the focus from it.
    const focus = document.activeElement;
    this.#panes.render(layouts.shown(this.#layout, narrow.matches), terminal => this.#tabs.get(terminal));
    if (focus instanceof HTMLElement && focus !== document.activeElement && this.stage.contains(focus)) {
      focus.focus();
    }
    this.activeTab?.item.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  #remember(): void {
    if (!this.#playground || this.#tabs.size === 0) {
      return;
    }
    this.#names = Object.fromEntries(this.all.filter(tab => tab.given).map(tab => [tab.id, tab.given]));
    remember(this.#playground, { layout: this.#layout, names: this.#names });
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

  #stripKey(event: KeyboardEvent): void {
    const tab = this.all.find(each => each.button === event.target);
    if (!tab) {
      return;
    }
    const { tabs } = layouts.paneOf(layouts.shown(this.#layout, narrow.matches), tab.id)!;
    const move = stripMove(event, tabs.indexOf(tab.id), tabs.length);
    switch (move?.kind) {
      case undefined:
        return;
      case "move":
        this.#change(layouts.activate(this.#layout, tab.id));
        this.moveActive(move.by, true);
        tab.button.focus();
        break;
      case "go":
        this.#change(layouts.activate(this.#layout, tabs[move.index]!));
        this.#tabs.get(tabs[move.index]!)?.button.focus();
        break;
      case "enter":
        tab.view.focus();
        break;
      case "rename":
        tab.rename();
        break;
      case "close":
        this.#close(tab);
        break;
    }
    event.preventDefault();
  }
}

/** The words a hub gave with its refusal, without SignalR's frame around them. */
export function hubMessage(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.replace(/^.*HubException:\s*/, "").replace(/^[a-z_]+:\s+/, "");
}

function make(tag: string, className: string): HTMLElement {
  const element = document.createElement(tag);
  element.className = className;
  return element;
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
