import { browserStorage } from "./storage";

/** The direction in which a border moves its element's size, and whether towards the end of the page makes it larger. */
export interface Growth {
  readonly axis: "x" | "y";
  readonly grows: 1 | -1;
}

const key = (name: string): string => `size-${name}`;

/**
 * A border that sizes an element, by pointer and keyboard. The size is a share of the page, in a custom property of the parent,
 * and this browser remembers it. https://www.w3.org/WAI/ARIA/apg/patterns/windowsplitter/
 */
export class Splitter {
  #share: number;

  /** @param name of the custom property, without its dashes */
  constructor(private readonly border: HTMLElement, private readonly parent: HTMLElement, private readonly name: string, private readonly first: number, private readonly growth: () => Growth) {
    const stored = Number(browserStorage()?.getItem(key(name)) ?? NaN);
    this.#share = stored >= .1 && stored <= .9 ? stored : first;
    border.tabIndex = 0;
    border.setAttribute("role", "separator");
    border.setAttribute("aria-valuemin", "10");
    border.setAttribute("aria-valuemax", "90");
    border.title = "Drag to resize, double-click for the usual size";
    border.addEventListener("keydown", event => this.#key(event));
    border.addEventListener("dblclick", () => this.#set(this.first));
    border.addEventListener("pointerdown", event => {
      if (event.button === 0) {
        event.preventDefault();
        border.setPointerCapture(event.pointerId);
        border.classList.add("dragging");
      }
    });
    border.addEventListener("pointermove", event => {
      if (border.hasPointerCapture(event.pointerId)) {
        this.#drag(event);
      }
    });
    border.addEventListener("lostpointercapture", () => border.classList.remove("dragging"));
    this.apply();
  }

  /** Shows the size, and the direction, which may have changed. */
  apply(): void {
    const { axis } = this.growth();
    this.parent.style.setProperty(`--${this.name}`, axis === "x" ? `${(this.#share * 100).toFixed(2)}vw` : `calc(var(--visible-height, 100dvh) * ${this.#share.toFixed(4)})`);
    this.border.setAttribute("aria-orientation", axis === "x" ? "vertical" : "horizontal");
    this.border.setAttribute("aria-valuenow", String(Math.round(this.#share * 100)));
  }

  #key(event: KeyboardEvent): void {
    const { axis, grows } = this.growth();
    const step = (event.shiftKey ? .01 : .04) * grows;
    const share = {
      [axis === "x" ? "ArrowLeft" : "ArrowUp"]: this.#share - step, [axis === "x" ? "ArrowRight" : "ArrowDown"]: this.#share + step,
      Home: grows > 0 ? .1 : .9, End: grows > 0 ? .9 : .1, Enter: this.first,
    }[event.key];
    if (share !== undefined) {
      event.preventDefault();
      this.#set(share);
    }
  }

  #drag(event: PointerEvent): void {
    const { axis, grows } = this.growth();
    const box = this.border.getBoundingClientRect();
    const whole = this.parent.getBoundingClientRect();
    const by = axis === "x" ? (event.clientX - box.left - box.width / 2) / whole.width : (event.clientY - box.top - box.height / 2) / whole.height;
    this.#set(this.#share + by * grows);
  }

  #set(share: number): void {
    this.#share = Math.max(.1, Math.min(.9, share));
    this.apply();
    try {
      browserStorage()?.setItem(key(this.name), this.#share.toFixed(4));
    } catch {
      // Full or refused: the size lasts as long as the page.
    }
  }
}
