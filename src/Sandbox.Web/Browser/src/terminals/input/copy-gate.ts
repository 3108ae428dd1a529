/** After a no, a program is not heard for so long, in ms. */
const silence = 30_000;
/** So many copies in so long; a program that wants more is not heard. */
const burst = 5;
const period = 10_000;

/** Decides what becomes of a program's wish to copy. */
export class CopyGate {
  #times: number[] = [];
  #silentUntil = 0;

  /** @param always whether the visitor said so for this playground */
  decide(now: number, always: boolean): "ask" | "copy" | "drop" {
    this.#times = this.#times.filter(time => now - time < period);
    if (now < this.#silentUntil || this.#times.length >= burst) {
      return "drop";
    }
    this.#times.push(now);
    return always ? "copy" : "ask";
  }

  denied(now: number): void {
    this.#silentUntil = now + silence;
  }
}
