/** One event of an asciicast v2: seconds since the beginning, what it is, and its data. */
export type CastEvent = readonly [time: number, code: string, data: string];

export interface Cast {
  readonly header: { readonly version: 2; readonly width: number; readonly height: number };
  readonly events: readonly CastEvent[];
}

/** Reads an asciicast v2. Skips invalid lines, as a last one that is still being written. */
export function parseCast(text: string): Cast {
  const [first, ...lines] = text.split("\n");
  const header = JSON.parse(first ?? "") as Cast["header"];
  if (header.version !== 2) {
    throw new Error("This is not an asciicast of version 2.");
  }
  const events: CastEvent[] = [];
  for (const line of lines) {
    try {
      const [time, code, data] = JSON.parse(line) as [unknown, unknown, unknown];
      if (typeof time === "number" && typeof code === "string" && typeof data === "string") {
        events.push([time, code, data]);
      }
    } catch {
      continue;
    }
  }
  return { header, events };
}

/** The same events with every pause shortened to `limit` seconds. */
export function shortenPauses(events: readonly CastEvent[], limit: number): CastEvent[] {
  let before = 0;
  let cut = 0;
  return events.map(([time, code, data]) => {
    cut += Math.max(0, time - before - limit);
    before = time;
    return [time - cut, code, data];
  });
}

/** Where a moment between events of `from` lies among the same events of `to`. */
export function translate(time: number, from: readonly CastEvent[], to: readonly CastEvent[]): number {
  let low = 0;
  let high = from.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (from[middle]![0] <= time) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  const start = low > 0 ? from[low - 1]![0] : 0;
  const target = low > 0 ? to[low - 1]![0] : 0;
  const next = to[low]?.[0] ?? Infinity;
  return Math.min(target + Math.max(0, time - start), next);
}

/** The commands: when each began and what it was. */
export function marksOf(events: readonly CastEvent[]): { time: number; label: string }[] {
  return events.filter(([, code]) => code === "m").map(([time, , label]) => ({ time, label }));
}

/** 65 is "1:05". */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const rest = `${String(Math.floor(whole / 60) % 60).padStart(whole >= 3600 ? 2 : 1, "0")}:${String(whole % 60).padStart(2, "0")}`;
  return whole >= 3600 ? `${Math.floor(whole / 3600)}:${rest}` : rest;
}
