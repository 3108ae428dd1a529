import { iconButton, make } from "../page/dom";
import { type Border, type Box, places } from "./geometry";
import { type Layout, type Pane, panes, type Side } from "./layout";

/** The tab of a terminal, and its panel. */
export interface PaneContent {
  readonly item: HTMLElement;
  readonly button: HTMLButtonElement;
  readonly panel: HTMLElement;
}

/** Actions of the buttons and borders of panes. */
export interface PaneActions {
  create(pane: string, button: HTMLButtonElement): void;
  split(pane: string, side: Side): void;
  focus(pane: string): void;
  unzoom(): void;
  resize(border: Border, by: number, least: number): void;
  even(border: Border): void;
}

interface PaneElement {
  readonly element: HTMLElement;
  readonly strip: HTMLElement;
  readonly body: HTMLElement;
  readonly create: HTMLButtonElement;
  readonly splitRight: HTMLButtonElement;
  readonly unzoom: HTMLButtonElement;
}

/** A pane gets no smaller than this by moving a border, in CSS pixels. */
const leastPixels = 120;
const percent = (share: number): string => `${(share * 100).toFixed(4)}%`;

/**
 * The panes on the page. Each lies at its share of the stage, so that a terminal stays where it is in the document, with
 * all it has drawn, whatever happens to the panes around it.
 */
export class Panes {
  readonly #elements = new Map<string, PaneElement>();
  readonly #borders = new Map<string, HTMLElement>();

  constructor(private readonly stage: HTMLElement, private readonly actions: PaneActions) {}

  /**
   * @param layout what is to be seen, see `shown`
   * @param behind panes that wait unseen, with all they have
   */
  render(layout: Layout, behind: readonly Pane[], content: (terminal: string) => PaneContent | undefined): void {
    const all = panes(layout);
    const { boxes, borders } = places(layout);
    this.stage.classList.toggle("split", all.length > 1);
    all.forEach((pane, index) => {
      const made = this.#elements.get(pane.id) ?? this.#make(pane.id);
      place(made.element, boxes.get(pane.id)!);
      made.element.classList.toggle("focused", pane.id === layout.focused);
      made.element.setAttribute("aria-label", all.length > 1 ? `Pane ${index + 1} of ${all.length}` : "Pane");
      made.strip.setAttribute("aria-label", all.length > 1 ? `Terminals of pane ${index + 1}` : "Terminals");
      made.unzoom.hidden = !layout.zoomed;
      made.splitRight.hidden = layout.zoomed;
      made.element.hidden = false;
      this.#fill(made, pane, content);
    });
    for (const pane of behind) {
      const made = this.#elements.get(pane.id) ?? this.#make(pane.id);
      made.element.hidden = true;
      made.element.classList.remove("focused");
      this.#fill(made, pane, content);
    }
    for (const [id, made] of this.#elements) {
      if (!boxes.has(id) && !behind.some(pane => pane.id === id)) {
        made.element.remove();
        this.#elements.delete(id);
      }
    }
    this.#renderBorders(borders);
  }

  /** The pane at a point of the page, and whether the point is on its tabs. */
  at(x: number, y: number): { pane: string; strip: HTMLElement | null; element: HTMLElement } | null {
    for (const [id, { element, strip }] of this.#elements) {
      const box = element.getBoundingClientRect();
      if (x >= box.left && x < box.right && y >= box.top && y < box.bottom) {
        return { pane: id, element, strip: y < strip.parentElement!.getBoundingClientRect().bottom ? strip : null };
      }
    }
    return null;
  }

  /** The pane's element, to measure it. */
  element(pane: string): HTMLElement | undefined {
    return this.#elements.get(pane)?.element;
  }

  /** Where the pane's terminals are. */
  body(pane: string): HTMLElement | undefined {
    return this.#elements.get(pane)?.body;
  }

  createButton(pane: string): HTMLButtonElement | undefined {
    return this.#elements.get(pane)?.create;
  }

  disableCreate(disabled: boolean): void {
    for (const { create, splitRight } of this.#elements.values()) {
      create.disabled = splitRight.disabled = disabled;
    }
  }

  #fill(made: PaneElement, pane: Pane, content: (terminal: string) => PaneContent | undefined): void {
    let before: Element | null = made.strip.firstElementChild;
    for (const terminal of pane.tabs) {
      const each = content(terminal);
      if (!each) {
        continue;
      }
      if (each.item === before) {
        before = before.nextElementSibling;
      } else {
        made.strip.insertBefore(each.item, before);
      }
      if (each.panel.parentElement !== made.body) {
        made.body.append(each.panel);
      }
      const active = terminal === pane.active;
      each.panel.hidden = !active;
      each.button.setAttribute("aria-selected", String(active));
      each.button.tabIndex = active ? 0 : -1;
      each.item.classList.toggle("active", active);
    }
  }

  #make(id: string): PaneElement {
    const element = make("section", "ws-pane");
    element.id = `pane-${id}`;
    const header = make("div", "ws-strip");
    const strip = make("div", "ws-tabs");
    strip.setAttribute("role", "tablist");
    const create = iconButton("plus", "New terminal", () => this.actions.create(id, create), "ws-new");
    const splitRight = iconButton("split", "Split right", () => this.actions.split(id, "right"), "ws-split");
    const unzoom = iconButton("unzoom", "Show all panes", () => this.actions.unzoom(), "ws-unzoom");
    header.append(strip, create, unzoom, splitRight);
    const body = make("div", "ws-body");
    element.append(header, body);
    element.addEventListener("focusin", () => this.actions.focus(id));
    this.stage.append(element);
    const made = { element, strip, body, create, splitRight, unzoom };
    this.#elements.set(id, made);
    return made;
  }

  #renderBorders(borders: readonly Border[]): void {
    const wanted = new Set<string>();
    for (const border of borders) {
      const key = `${border.split}-${border.index}`;
      wanted.add(key);
      let element = this.#borders.get(key);
      if (!element || element.getAttribute("aria-orientation") !== (border.direction === "row" ? "vertical" : "horizontal")) {
        element?.remove();
        element = this.#makeBorder(border);
        this.#borders.set(key, element);
      }
      const row = border.direction === "row";
      element.style.left = percent(row ? border.box.left + border.box.width * border.share : border.box.left);
      element.style.top = percent(row ? border.box.top : border.box.top + border.box.height * border.share);
      element.style.width = row ? "" : percent(border.box.width);
      element.style.height = row ? percent(border.box.height) : "";
      element.setAttribute("aria-valuenow", String(Math.round(border.share * 100)));
      Object.assign(element, { border });
    }
    for (const [key, element] of this.#borders) {
      if (!wanted.has(key)) {
        element.remove();
        this.#borders.delete(key);
      }
    }
  }

  /** https://www.w3.org/WAI/ARIA/apg/patterns/windowsplitter/ */
  #makeBorder(made: Border): HTMLElement {
    const element = Object.assign(make("div", "ws-border"), { border: made });
    const row = made.direction === "row";
    element.tabIndex = 0;
    element.setAttribute("role", "separator");
    element.setAttribute("aria-orientation", row ? "vertical" : "horizontal");
    element.setAttribute("aria-label", row ? "Width of the panes" : "Height of the panes");
    element.setAttribute("aria-valuemin", "0");
    element.setAttribute("aria-valuemax", "100");
    element.title = "Drag to resize, double-click for equal sizes";
    const length = (): number => row ? this.stage.clientWidth * element.border.whole.width : this.stage.clientHeight * element.border.whole.height;
    const by = (pixels: number): void => this.actions.resize(element.border, pixels / length(), leastPixels / length());
    element.addEventListener("keydown", event => {
      const step = event.shiftKey ? 10 : 40;
      const pixels = { [row ? "ArrowLeft" : "ArrowUp"]: -step, [row ? "ArrowRight" : "ArrowDown"]: step, Home: -length(), End: length() }[event.key];
      if (pixels !== undefined) {
        event.preventDefault();
        by(pixels);
      } else if (event.key === "Enter") {
        event.preventDefault();
        this.actions.even(element.border);
      }
    });
    element.addEventListener("dblclick", () => this.actions.even(element.border));
    element.addEventListener("pointerdown", event => {
      if (event.button !== 0) {
        return;
      }
      event.preventDefault();
      element.setPointerCapture(event.pointerId);
      element.classList.add("dragging");
    });
    element.addEventListener("pointermove", event => {
      if (element.hasPointerCapture(event.pointerId)) {
        const box = this.stage.getBoundingClientRect();
        const { border } = element;
        by(row
          ? event.clientX - box.left - box.width * (border.box.left + border.box.width * border.share)
          : event.clientY - box.top - box.height * (border.box.top + border.box.height * border.share));
      }
    });
    element.addEventListener("lostpointercapture", () => element.classList.remove("dragging"));
    this.stage.append(element);
    return element;
  }
}

function place(element: HTMLElement, box: Box): void {
  Object.assign(element.style, { left: percent(box.left), top: percent(box.top), width: percent(box.width), height: percent(box.height) });
}
