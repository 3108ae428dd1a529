/** How long ago a key may have been typed here for a click into the frame to be believed, in ms. */
const afterKey = 400;
/** How long after Tab the focus may come into the frame, in ms. */
const afterTab = 500;
/** A page that takes the focus so often within `period` is closed. */
const most = 5;
const period = 10_000;

/** Whether a visitor can have moved the focus into a frame: by a click, for which the pointer is over it, or by Tab. */
export function isTheirs(now: number, { isPointerOver, lastKey, lastTab }: { isPointerOver: boolean; lastKey: number; lastTab: number }): boolean {
  return now - lastTab < afterTab || isPointerOver && now - lastKey > afterKey;
}

/** Whether the times at which the focus was taken are too many. */
export function isTooOften(taken: readonly number[]): boolean {
  return taken.length >= most && taken.at(-1)! - taken.at(-most)! < period;
}

/**
 * A page in a frame may take the focus at any time, and with it the keys that somebody types into a terminal, a password for
 * example. It gets it only when the visitor went there, else it is given back.
 */
export class FocusGuard {
  readonly #ended = new AbortController();
  readonly #taken: number[] = [];
  #lastKey = -Infinity;
  #lastTab = -Infinity;

  /**
   * @param home gives the focus back
   * @param tooOften the page does not stop
   */
  constructor(private readonly frame: HTMLIFrameElement, private readonly home: () => void, private readonly tooOften: () => void) {
    const { signal } = this.#ended;
    document.addEventListener("keydown", event => {
      const inTerminal = (event.target as Element | null)?.closest?.(".xterm") !== null;
      if (event.key === "Tab" && !inTerminal) {
        this.allow();
      } else {
        this.#lastKey = performance.now();
      }
    }, { capture: true, signal });
    // The focus is in the frame only after this event.
    window.addEventListener("blur", () => setTimeout(() => this.#check()), { signal });
  }

  /** The focus may go into the frame now. */
  allow(): void {
    this.#lastTab = performance.now();
  }

  dispose(): void {
    this.#ended.abort();
  }

  #check(): void {
    const now = performance.now();
    if (this.#ended.signal.aborted || document.activeElement !== this.frame
      || isTheirs(now, { isPointerOver: this.frame.matches(":hover"), lastKey: this.#lastKey, lastTab: this.#lastTab })) {
      return;
    }
    this.frame.blur();
    this.home();
    this.#taken.push(now);
    if (isTooOften(this.#taken)) {
      this.tooOften();
    }
  }
}
