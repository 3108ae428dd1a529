/** How many of the last round trips count. */
const kept = 9;

/** The round trip as a person feels it: the median of the last few, so that one slow key does not frighten. */
export class RoundTrip {
  readonly #last: number[] = [];

  /** Milliseconds; null before the first one. */
  get ms(): number | null {
    if (this.#last.length === 0) {
      return null;
    }
    const sorted = [...this.#last].sort((one, other) => one - other);
    return sorted[sorted.length >> 1]!;
  }

  add(ms: number): void {
    this.#last.push(ms);
    if (this.#last.length > kept) {
      this.#last.shift();
    }
  }

  clear(): void {
    this.#last.length = 0;
  }
}

/** From here on typing is felt to lag. */
const slowMs = 150;

export type Pace = "unknown" | "good" | "slow" | "silent" | "offline";

/** @param silent for how many ms a key has had no answer; null when none waits */
export function paceOf(connected: boolean, ms: number | null, silent: number | null = null): Pace {
  return !connected ? "offline" : silent !== null ? "silent" : ms === null ? "unknown" : ms > slowMs ? "slow" : "good";
}

/** Words for the dot, which must not speak by its colour alone. */
export function paceWords(pace: Pace, ms: number | null, silent: number | null = null): string {
  switch (pace) {
    case "offline": return "Not connected";
    case "silent": return `No answer for ${Math.floor((silent ?? 0) / 1000)} s`;
    case "unknown": return "Connected";
    case "slow": return `Slow connection: round trip ${shown(ms)}`;
    case "good": return `Round trip ${shown(ms)}`;
  }
}

function shown(ms: number | null): string {
  return ms === null ? "" : ms < 1 ? "under 1 ms" : ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}
