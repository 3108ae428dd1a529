/** What a frame remembers in its tab: who it is, and what it started. */
export interface Remembered {
  token: string;
  playground: string;
  /** What was started; another thing in the same slot is not it. */
  what: string;
}

/** A place in the tab's storage, which a page without an origin does not have: then nothing outlives the frame. */
export class Slot {
  readonly #key: string;

  constructor(name: string) {
    this.#key = `frame.${name.slice(0, 40)}`;
  }

  /** Whether a frame that is loaded again will find what this one remembers. */
  get isKept(): boolean {
    try {
      return sessionStorage.getItem(this.#key) !== null;
    } catch {
      return false;
    }
  }

  load(what: string): Remembered | null {
    try {
      const kept = JSON.parse(sessionStorage.getItem(this.#key) ?? "null") as Remembered | null;
      return kept && typeof kept.token === "string" && typeof kept.playground === "string" && kept.what === what ? kept : null;
    } catch {
      return null;
    }
  }

  keep(remembered: Remembered): void {
    try {
      sessionStorage.setItem(this.#key, JSON.stringify(remembered));
    } catch {
      // It works without.
    }
  }

  forget(): void {
    try {
      sessionStorage.removeItem(this.#key);
    } catch {
      // Nothing to forget.
    }
  }
}
