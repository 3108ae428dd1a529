/** A paste as shown in the question about it. */
const shownLines = 12;
const shownLetters = 120;

/**
 * Pasted text holds no keys: escape sequences and control characters in it, which nobody sees where they copy it, come as
 * signs for them. Else a text could end the brackets it is pasted in, and run.
 */
export function harmless(text: string): string {
  return text.replace(/[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]/g, letter => {
    const code = letter.charCodeAt(0);
    return code < 0x20 ? String.fromCharCode(0x2400 + code) : code === 0x7f ? "\u2421" : "\ufffd";
  });
}

/** How many lines a shell would read; one with a line end is one. */
export function lineCount(text: string): number {
  return linesOf(text).length;
}

export function linesOf(text: string): string[] {
  return text.replace(/\r?\n$|\r$/, "").split(/\r\n|\r|\n/);
}

/** The beginning of what would be pasted, bounded in both directions. */
export function preview(text: string): string {
  const lines = text.slice(0, shownLines * 4096).split(/\r\n|\r|\n/);
  const shown = lines.slice(0, shownLines).map(line => line.length > shownLetters ? `${line.slice(0, shownLetters)}…` : line);
  return harmless(shown.join("\n")) + (lineCount(text) > shownLines ? "\n…" : "");
}
