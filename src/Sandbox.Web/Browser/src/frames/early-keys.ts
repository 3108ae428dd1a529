import { harmless } from "../embed/messages";

/** Keys that a visitor typed before the terminal was there. */
export class EarlyKeys {
  readonly #typed: Uint8Array[] = [];
  /** They were typed before the frame had the focus, and may arrive after the first of its own. */
  #fromPage = "";
  #isFlushed = false;

  /** Those typed in the frame itself, whatever they are. */
  type(bytes: Uint8Array): boolean {
    this.#typed.push(bytes);
    return true;
  }

  /** Those that the page passes on from before the frame was there. It could make them up, so they are letters, and few. */
  take(text: string): void {
    if (!this.#isFlushed) {
      this.#fromPage = harmless(this.#fromPage + text);
    }
  }

  /** Hands them over, once. */
  flush(type: (bytes: Uint8Array) => void): void {
    // Later the page has nothing to pass on.
    this.#isFlushed = true;
    if (this.#fromPage !== "") {
      type(new TextEncoder().encode(this.#fromPage));
      this.#fromPage = "";
    }
    for (const bytes of this.#typed.splice(0)) {
      type(bytes);
    }
  }
}
