import { make } from "../page/dom";

/** A page that takes the focus so often within `period` is closed. */
const most = 5;
const period = 10_000;

/** Whether the times at which the focus was taken are too many. */
export function isTooOften(taken: readonly number[]): boolean {
  return taken.length >= most && taken.at(-1)! - taken.at(-most)! < period;
}

/**
 * A page in a frame may take the focus at any time, and with it the keys that somebody types into a terminal, a password for
 * example. No attribute of a frame keeps it from that, and a click into a frame is not seen here. So a transparent button is
 * over it, which is there again once the focus is elsewhere: until the visitor presses it, the focus is given back.
 */
export class FrameCover {
  readonly element: HTMLButtonElement;
  readonly #ended = new AbortController();
  readonly #taken: number[] = [];
  #before: Element | null = document.activeElement;

  /**
   * @param home gives the focus to the terminal, if what had it is gone
   * @param tooOften the page does not stop
   */
  constructor(private readonly frame: HTMLIFrameElement, port: number, private readonly home: () => void, private readonly tooOften: () => void) {
    const { signal } = this.#ended;
    this.element = make("button", "preview-cover", make("span", "", "Use the page", make("span", "hidden-text", ` of port ${port}`)));
    this.element.type = "button";
    this.element.addEventListener("click", () => this.#lift());
    this.#cover();
    // A key that comes here, or an element of ours that gets the focus, says that the page does not have it.
    document.addEventListener("focusin", ({ target }) => {
      if (target !== frame) {
        this.#before = target as Element;
        this.#cover();
      }
    }, { capture: true, signal });
    document.addEventListener("keydown", () => this.#cover(), { capture: true, signal });
    window.addEventListener("focus", () => document.activeElement !== frame && this.#cover(), { signal });
    // The focus is in the frame only after this event.
    window.addEventListener("blur", () => setTimeout(() => this.#check()), { signal });
  }

  dispose(): void {
    this.#ended.abort();
    this.element.remove();
  }

  /** Tab goes past an inert frame. */
  #cover(): void {
    this.frame.inert = true;
    this.element.hidden = false;
  }

  #lift(): void {
    this.frame.inert = false;
    this.frame.focus();
    this.element.hidden = true;
  }

  #check(): void {
    if (this.#ended.signal.aborted || document.activeElement !== this.frame || this.element.hidden) {
      return;
    }
    this.frame.blur();
    if (this.#before instanceof HTMLElement && this.#before !== document.body && this.#before.isConnected) {
      this.#before.focus();
    }
    if (document.activeElement === this.frame || document.activeElement === document.body) {
      this.home();
    }
    this.#taken.push(performance.now());
    if (isTooOften(this.#taken)) {
      this.tooOften();
    }
  }
}
