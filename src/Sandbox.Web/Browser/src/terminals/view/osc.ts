import { visible } from "../../page/visible";

/** What programs say about themselves in operating system commands. https://invisible-island.net/xterm/ctlseqs/ctlseqs.html */

const longestPath = 4096;
/** A program copies no more than this, in bytes. */
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
 * OSC 52, as `c;aGVsbG8=`: what a program wants to copy; "too-long", or null when it is nothing of that kind. A question
 * for what is on the clipboard (`c;?`) is nothing of that kind.
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

/** A text that is to be copied, on one line with its beginning and its end: `ls -l ⏎ rm … -rf / ⏎`. */
export function summary(text: string): string {
  const letters = Array.from(visible(text.replace(/[^\S\r\n]+/g, " ").replace(/ ?\r?\n ?|\r/g, " ⏎ ").replace(/( ⏎ ){3,}/g, " ⏎ ⏎ ⏎ ").trim()));
  return letters.length <= shownBeginning + shownEnd ? letters.join("") : `${letters.slice(0, shownBeginning).join("")} … ${letters.slice(-shownEnd).join("")}`;
}

/** Words of a program without what is invisible or turns other words around. */
export function plain(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, "");
}
