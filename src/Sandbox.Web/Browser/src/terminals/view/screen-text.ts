import type { IBuffer } from "@xterm/xterm";

/** As much as a dialog shows of a terminal: nobody reads ten thousand lines on a phone. */
export const mostLines = 500;

export interface ScreenText {
  readonly before: string;
  /** The line asked for, whole where it wrapped. */
  readonly line: string;
  readonly after: string;
}

/**
 * What is on a screen, with what was printed before it, as lines that do not wrap and without the empty ones at the end.
 * @param at a line of the buffer that is to be found again
 */
export function screenText(buffer: Pick<IBuffer, "length" | "viewportY" | "getLine">, rows: number, at: number): ScreenText {
  // To the end when that is near, else as far as is seen.
  const end = buffer.length - buffer.viewportY <= mostLines ? buffer.length : buffer.viewportY + rows;
  const lines: string[] = [];
  let found = 0;
  for (let row = Math.max(0, end - mostLines); row < end; row++) {
    const line = buffer.getLine(row);
    const text = line?.translateToString(!buffer.getLine(row + 1)?.isWrapped) ?? "";
    if (line?.isWrapped && lines.length > 0) {
      lines[lines.length - 1] += text;
    } else {
      lines.push(text);
    }
    if (row <= at) {
      found = lines.length - 1;
    }
  }
  while (lines.length > 1 && lines.at(-1)!.trim() === "") {
    lines.pop();
  }
  found = Math.min(found, lines.length - 1);
  return {
    before: lines.slice(0, found).map(line => `${line}\n`).join(""),
    line: lines[found] ?? "",
    after: lines.slice(found + 1).map(line => `\n${line}`).join(""),
  };
}
