/** The end of a command that a block ran: its exit code, or null if the shell did not report it. */
export type RanCode = number | null;

/** Which blocks this tab ran, so that a reload shows it. */
export class RanBlocks {
  readonly #key: string;
  readonly #ran: Record<string, RanCode>;

  constructor(playground: string) {
    this.#key = `ran-${playground}`;
    let stored: unknown = null;
    try {
      stored = JSON.parse(sessionStorage.getItem(this.#key) ?? "{}");
    } catch {
      // Refused or not ours: nothing ran.
    }
    this.#ran = typeof stored === "object" && stored !== null ? stored as Record<string, RanCode> : {};
  }

  /** Undefined for a block that did not run. */
  of(step: number, block: number): RanCode | undefined {
    return this.#ran[`${step}.${block}`];
  }

  add(step: number, block: number, code: RanCode): void {
    this.#ran[`${step}.${block}`] = code;
    try {
      sessionStorage.setItem(this.#key, JSON.stringify(this.#ran));
    } catch {
      // Without storage it lasts as long as the page.
    }
  }
}
