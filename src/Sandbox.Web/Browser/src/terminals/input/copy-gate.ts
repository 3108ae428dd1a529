/** Milliseconds during which requests are dropped after a denial. */
const silence = 30_000;
/** The most requests in a period; further ones are dropped. */
const burst = 5;
const period = 10_000;

/** Decides about a program's request to copy. */
export class CopyGate {
  #times: number[] = [];
  #silentUntil = 0;

  /** @param always whether the visitor allowed it for this playground */
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
