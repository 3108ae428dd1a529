import { shown } from "../../page/visible";

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** One mark of a shell, OSC 633. https://code.visualstudio.com/docs/terminal/shell-integration */
export interface Mark {
  kind: "A" | "B" | "C" | "D" | "E" | "F" | "P";
  /** The line or the property, or the exit code of an end; else empty. */
  text: string;
  cut: boolean;
  /** When it was printed, in ms since 1970; null if the shell does not say. */
  time: number | null;
}

/** The longest text of a mark, in characters. */
export const longestText = 4096;
/** What is decoded at most: three bytes of UTF-8 a character, and four letters a byte, are still too long a text. */
const longestField = 3 * 4 * (longestText + 1);

/**
 * Parses the data of OSC 633, after `633;`. Any program can print marks, so a mark counts only with the nonce that the
 * server sent for the terminal; null for any other. `MarkReader.cs` does the same, and both read the same test vectors.
 */
export function parseMark(data: string, nonce: string): Mark | null {
  const fields = data.split(";", 6);
  const kind = fields[0] as Mark["kind"];
  const at = kind === "A" || kind === "B" || kind === "C" ? 1 : kind === "D" || kind === "E" || kind === "F" || kind === "P" ? 2 : -1;
  if (at < 0 || !nonce || fields[at] !== nonce) {
    return null;
  }
  const text = at === 2 ? unescape(fields[1]!.slice(0, longestField)) : "";
  const seconds = kind === "C" || kind === "D" ? Number(fields[at + 1] || NaN) : NaN;
  return {
    kind,
    text: text.slice(0, longestText),
    cut: text.length > longestText || (kind === "E" && fields[3] === "cut"),
    time: Number.isFinite(seconds) ? seconds * 1000 : null,
  };
}

/** Decodes `\\` and `\xAB`, a byte of UTF-8; a backslash before anything else is dropped. */
function unescape(text: string): string {
  if (!text.includes("\\")) {
    return text;
  }
  const bytes: number[] = [];
  for (const [part, code, letter] of text.matchAll(/\\(?:x([0-9a-f]{2})|(.))|[^\\]+|\\$/gisu)) {
    if (code === undefined) {
      encoder.encode(letter ?? part).forEach(byte => bytes.push(byte));
    } else {
      bytes.push(parseInt(code, 16));
    }
  }
  return decoder.decode(Uint8Array.from(bytes));
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
