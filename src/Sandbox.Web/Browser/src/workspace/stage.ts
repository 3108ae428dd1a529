import { toast } from "../page/toast";
import { neighbour } from "./geometry";
import * as layouts from "./layout";
import type { Layout, Pane, Side } from "./layout";
import { Panes } from "./panes";
import { stripMove } from "./strip-keys";
import { startTabDrag } from "./tab-drag";
import type { TerminalTab } from "./terminal-tab";

/** As narrow as a phone: one terminal at a time, all of them in one strip. */
const narrow = matchMedia("(max-width: 760px)");

/** A pane is not split when its halves would be smaller than this, in CSS pixels. */
const leastWidth = 200;
const leastHeight = 130;

/** Where a terminal is to be: in a pane, at a side of one, or in the place of another terminal. */
export interface Where {
  readonly pane?: string;
  readonly side?: Side;
  readonly replaces?: string;
}

/** What a visitor asks for on the stage, and what comes of it. */
export interface StageEvents {
  create(where: Where, button: HTMLElement | null): void;
  close(terminal: string): void;
  /** Terminals lie otherwise than before, or keys go to another one. */
  changed(): void;
}

/** The layout of a playground's terminals on the page, and the actions that change it. */
export class Stage {
  readonly #panes: Panes;
  #layout: Layout = layouts.single([]);

  constructor(private readonly element: HTMLElement, private readonly tab: (terminal: string) => TerminalTab | undefined, private readonly events: StageEvents) {
    this.#panes = new Panes(element, {
      create: (pane, button) => events.create({ pane }, button),
      split: (pane, side) => events.create({ pane, side }, this.#panes.createButton(pane) ?? null),
      focus: pane => this.#focused(pane),
      unzoom: () => this.zoomPane(),
      resize: (border, by, least) => this.arrange(layouts.resize(this.#layout, border.split, border.index, by, least)),
      even: border => this.arrange(layouts.even(this.#layout, border.split)),
    });
    startTabDrag(element, this.#panes, (terminal, place) => {
      if (!("side" in place)) {
        const moved = narrow.matches ? layouts.moveInOrder(this.#layout, terminal, place.index) : layouts.move(this.#layout, terminal, place.pane, place.index);
        this.arrange(layouts.activate(moved, terminal));
      } else if (!narrow.matches) {
        this.arrange(layouts.split(this.#layout, place.pane, place.side, terminal));
      }
      this.focus();
    });
    element.addEventListener("keydown", event => this.#stripKey(event));
    element.addEventListener("click", event => {
      const item = (event.target as Element).closest<HTMLElement>(".ws-tab");
      if (item && (event.target as Element).closest("[role=tab]")) {
        this.show(item.dataset["terminal"]!);
      }
    });
    narrow.addEventListener("change", () => this.arrange(this.#layout));
    this.#render();
  }

  get layout(): Layout {
    return this.#layout;
  }

  /** The terminal that keys go to. */
  get active(): TerminalTab | undefined {
    return this.tab(this.#home.active);
  }

  /** The id of the focused pane. */
  get focused(): string {
    return this.#home.id;
  }

  /** Where the terminals of the focused pane are. */
  get body(): HTMLElement | undefined {
    return this.#panes.body(this.#home.id);
  }

  /** The button that opens one more terminal in the focused pane. */
  get createButton(): HTMLButtonElement | undefined {
    return this.#panes.createButton(this.#home.id);
  }

  /** Focuses the active terminal, or the button that opens one. */
  focus(): void {
    const { active } = this;
    if (active) {
      active.pane.focus();
    } else {
      this.createButton?.focus();
    }
  }

  arrange(layout: Layout): void {
    this.#layout = layout;
    this.#render();
    this.events.changed();
  }

  /** Gives a terminal its place. */
  place(terminal: string, { pane, side, replaces }: Where): void {
    const home = replaces === undefined ? undefined : layouts.paneOf(this.#layout, replaces);
    if (home) {
      this.arrange(layouts.add(this.#layout, terminal, home.id, home.tabs.indexOf(replaces!)));
      return;
    }
    const to = (this.#pane(pane) ?? this.#home).id;
    this.arrange(side && !narrow.matches ? layouts.split(this.#layout, to, side, terminal) : layouts.add(this.#layout, terminal, to));
  }

  remove(terminal: string): void {
    this.arrange(layouts.remove(this.#layout, terminal));
  }

  clear(): void {
    this.arrange(layouts.single([]));
  }

  /** The terminal on top in a pane. */
  topOf(pane: string | undefined): TerminalTab | undefined {
    return this.tab(this.#pane(pane)?.active ?? "");
  }

  /** By how much a terminal there is smaller than the pane's terminals are now, in CSS pixels. */
  less({ pane, side }: Where): { width: number; height: number } {
    const box = side && !narrow.matches && this.#pane(pane) ? this.#panes.element(pane!)?.getBoundingClientRect() : undefined;
    return { width: box && side === "right" ? box.width / 2 : 0, height: box && side === "down" ? box.height / 2 : 0 };
  }

  hasRoom({ pane, side }: Where): boolean {
    const box = pane === undefined ? undefined : this.#panes.element(pane)?.getBoundingClientRect();
    return !box || !side || (side === "right" ? box.width >= 2 * leastWidth : box.height >= 2 * leastHeight);
  }

  disableCreate(disabled: boolean): void {
    this.#panes.disableCreate(disabled);
  }

  /** Opens a shell in the focused pane or at a side of it. */
  create(side?: Side): void {
    this.events.create({ pane: this.#home.id, ...side ? { side } : {} }, this.createButton ?? null);
  }

  /** Lets a terminal be seen; the focus stays where it is. */
  reveal(terminal: string): void {
    this.arrange(layouts.activate(this.#layout, terminal));
  }

  show(terminal: string): void {
    this.reveal(terminal);
    this.tab(terminal)?.pane.focus();
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
      this.arrange({ ...this.#layout, focused: next });
      this.focus();
    }
  }

  zoomPane(): void {
    if (layouts.panes(this.#layout).length > 1) {
      this.arrange({ ...this.#layout, zoomed: !this.#layout.zoomed });
      this.focus();
    } else {
      toast("There is one pane only. Split it first.");
    }
  }

  /** Moves the terminal in use among its neighbours, and past the last of them into the next pane. */
  moveActive(by: -1 | 1): void {
    this.#move(by);
    this.focus();
  }

  get #home(): Pane {
    return layouts.focusedPane(this.#layout);
  }

  #pane(id: string | undefined): Pane | undefined {
    return id === undefined ? undefined : layouts.panes(this.#layout).find(pane => pane.id === id);
  }

  #move(by: -1 | 1): void {
    const terminal = this.active?.id;
    if (terminal === undefined) {
      return;
    }
    const all = layouts.panes(this.#layout);
    const home = all.findIndex(pane => pane.tabs.includes(terminal));
    const pane = all[home]!;
    const index = pane.tabs.indexOf(terminal) + by;
    const next = all[home + by];
    if (index >= 0 && index < pane.tabs.length) {
      this.arrange(layouts.move(this.#layout, terminal, pane.id, index));
    } else if (next) {
      this.arrange(layouts.move(this.#layout, terminal, next.id, by > 0 ? 0 : next.tabs.length));
    }
  }

  #focused(pane: string): void {
    if (!narrow.matches && this.#layout.focused !== pane) {
      this.arrange({ ...this.#layout, focused: pane });
    }
  }

  #render(): void {
    // Moving an element within the document takes the focus from it.
    const focus = document.activeElement;
    const shown = layouts.shown(this.#layout, narrow.matches);
    const behind = shown.zoomed ? layouts.panes(this.#layout).filter(pane => pane.id !== shown.focused) : [];
    this.#panes.render(shown, behind, this.tab);
    if (focus instanceof HTMLElement && focus !== document.activeElement && this.element.contains(focus)) {
      focus.focus();
    }
    this.active?.item.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  #stripKey(event: KeyboardEvent): void {
    const tab = this.tab((event.target as Element).closest<HTMLElement>(".ws-tab")?.dataset["terminal"] ?? "");
    if (tab?.button !== event.target) {
      return;
    }
    const { tabs } = layouts.paneOf(layouts.shown(this.#layout, narrow.matches), tab.id)!;
    const move = stripMove(event, tabs.indexOf(tab.id), tabs.length);
    switch (move?.kind) {
      case undefined:
        return;
      case "move":
        this.arrange(layouts.activate(this.#layout, tab.id));
        this.#move(move.by);
        tab.button.focus();
        break;
      case "go":
        this.arrange(layouts.activate(this.#layout, tabs[move.index]!));
        this.tab(tabs[move.index]!)?.button.focus();
        break;
      case "enter":
        tab.pane.focus();
        break;
      case "rename":
        tab.rename();
        break;
      case "close":
        this.events.close(tab.id);
        break;
    }
    event.preventDefault();
  }
}
