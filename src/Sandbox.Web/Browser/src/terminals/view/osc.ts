import { visible } from "../../page/visible";

/** Operating system commands of programs. https://invisible-island.net/xterm/ctlseqs/ctlseqs.html */

const longestPath = 4096;
/** The most that a program may copy, in bytes. */
export const longestCopy = 100 * 1024;

const shownBeginning = 60;
const shownEnd = 40;

/** OSC 7, as `file://host/home/ann%20b`: the directory; null when it is none. */
export function directoryOf(data: string): string | null {
  const path = /^file:\/\/[^/]*(\/.*)$/s.exec(data)?.[1];
  if (!path || path.length > longestPath) {
    return null;
  }
  try {
    return plain(decodeURIComponent(path));
  } catch {
    return plain(path);
  }
}

/**
 * OSC 52, as `c;aGVsbG8=`: the text that a program wants to copy; "too-long", or null for any other request, as a query of the
 * clipboard (`c;?`).
 */
export function copyOf(data: string): { text: string } | "too-long" | null {
  const match = /^[cpqs0-7]*;([A-Za-z0-9+/=\s]+)$/.exec(data);
  if (!match) {
    return null;
  }
  if (match[1]!.length > Math.ceil(longestCopy / 3) * 4) {
    return "too-long";
  }
  try {
    const bytes = Uint8Array.from(atob(match[1]!), letter => letter.charCodeAt(0));
    const text = new TextDecoder().decode(bytes);
    return text ? { text } : null;
  } catch {
    return null;
  }
}

/** The beginning and the end of a text on one line: `ls -l ⏎ rm … -rf / ⏎`. */
export function summary(text: string): string {
  const letters = Array.from(visible(text.replace(/[^\S\r\n]+/g, " ").replace(/ ?\r?\n ?|\r/g, " ⏎ ").replace(/( ⏎ ){3,}/g, " ⏎ ⏎ ⏎ ").trim()));
  return letters.length <= shownBeginning + shownEnd ? letters.join("") : `${letters.slice(0, shownBeginning).join("")} … ${letters.slice(-shownEnd).join("")}`;
}

/** Text without invisible characters and those that reorder text. */
export function plain(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, "");
}
