import { shown } from "../terminals/visible";

/** One mark of a shell, OSC 633. https://code.visualstudio.com/docs/terminal/shell-integration */
export interface Mark {
  kind: "A" | "B" | "C" | "D" | "E" | "F" | "P";
  /** Of a line and a property the text, of an end the exit code; else empty. */
  text: string;
  cut: boolean;
  /** When it was printed, in ms since 1970, where the shell says so. */
  time: number | null;
}

const longest = 4096;

/**
 * Reads what stands between `633;` and the end. Whatever runs in a terminal can print marks, so what does not hold the
 * nonce that the server told for it is nothing.
 */
export function parseMark(data: string, nonce: string): Mark | null {
  const fields = data.split(";", 6);
  const kind = fields[0] as Mark["kind"];
  const at = kind === "A" || kind === "B" || kind === "C" ? 1 : kind === "D" || kind === "E" || kind === "F" || kind === "P" ? 2 : -1;
  if (at < 0 || !nonce || fields[at] !== nonce) {
    return null;
  }
  const text = at === 2 ? unescape(fields[1]!) : "";
  const seconds = kind === "C" || kind === "D" ? Number(fields[at + 1] || NaN) : NaN;
  return {
    kind,
    text: text.slice(0, longest),
    cut: text.length > longest || (kind === "E" && fields[3] === "cut"),
    time: Number.isFinite(seconds) ? seconds * 1000 : null,
  };
}

/** `\\` and `\xAB` stand for what would end the text. */
function unescape(text: string): string {
  return text.replace(/\\(?:\\|x([0-9a-f]{2}))/gi, (_whole, code: string | undefined) => code === undefined ? "\\" : String.fromCharCode(parseInt(code, 16)));
}

/**
 * A line as it can be copied and typed again; null where that would be more than is shown of it, or several, of which each
 * would run at once.
 */
export function repeatable(line: string | null, cut: boolean): string | null {
  const text = line?.replace(/\n+$/, "") ?? "";
  return text.trim() !== "" && !cut && !text.includes("\n") && shown(text) === text ? text : null;
}

export function duration(ms: number): string {
  return ms < 1000 ? `${Math.max(0, Math.round(ms))} ms` : ms < 60_000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.floor(ms / 60_000)} min ${Math.floor(ms % 60_000 / 1000)} s`;
}
