/** Output this soon before a key means that the terminal was printing by itself, so what follows may be no echo. */
const quietMs = 50;
/** A key without an answer for this long has no echo, as when a password is typed. */
const longestMs = 5000;

/** Times keys of one terminal: from one typed into a quiet terminal to the output that follows it. */
export class KeyTimer {
  #typed = -1;
  #printed = -Infinity;

  constructor(private readonly took: (ms: number) => void, private readonly now: () => number = () => performance.now()) {}

  typed(): void {
    const now = this.now();
    if ((this.#typed < 0 || now - this.#typed > longestMs) && now - this.#printed >= quietMs) {
      this.#typed = now;
    }
  }

  printed(): void {
    const now = this.now();
    this.#printed = now;
    if (this.#typed >= 0) {
      const ms = now - this.#typed;
      this.#typed = -1;
      if (ms <= longestMs) {
        this.took(ms);
      }
    }
  }

  /** The connection was lost: a key on its way says nothing any more. */
  forget(): void {
    this.#typed = -1;
  }
}
