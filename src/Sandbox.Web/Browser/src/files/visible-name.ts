/** A piece of a name; `odd` stands for a character that would not be visible. */
export interface Piece {
  readonly text: string;
  readonly odd: boolean;
}

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
/** As shells write them; few fonts have the pictures of control characters. */
const escapes: Readonly<Record<string, string>> = { "\t": "\\t", "\n": "\\n", "\r": "\\r", "\x1b": "\\e" };
/** What has no shape of its own, or turns the text around it. */
const hidden = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;

/**
 * A name for people, in which nothing is invisible: control characters show as a shell writes them, bytes that are no
 * text by their number, and spaces at the ends as dots.
 */
export function visibleName(name: Uint8Array): Piece[] {
  const pieces: { text: string; odd: boolean }[] = [];
  const add = (text: string, odd: boolean): void => {
    const last = pieces.at(-1);
    if (last?.odd === odd) {
      last.text += text;
    } else {
      pieces.push({ text, odd });
    }
  };
  for (let at = 0; at < name.length;) {
    const letter = letterAt(name, at);
    if (letter === null) {
      add(`\\x${hex(name[at]!, 2)}`, true);
      at++;
      continue;
    }
    const code = letter.codePointAt(0)!;
    const length = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    if (code < 0x20 || code === 0x7f) {
      add(escapes[letter] ?? `\\x${hex(code, 2)}`, true);
    } else if (hidden.test(letter)) {
      add(`\\u{${hex(code, 4)}}`, true);
    } else {
      const isSpaceAtEnd = code === 0x20 && (name.subarray(0, at).every(isSpace) || name.subarray(at).every(isSpace));
      add(isSpaceAtEnd ? "·" : letter, isSpaceAtEnd);
    }
    at += length;
  }
  return pieces;
}

/** The letter that begins there; null for what is no UTF-8. */
function letterAt(bytes: Uint8Array, at: number): string | null {
  const lead = bytes[at]!;
  const length = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  try {
    return strict.decode(bytes.subarray(at, at + length));
  } catch {
    return null;
  }
}

function isSpace(byte: number): boolean {
  return byte === 0x20;
}

function hex(number: number, length: number): string {
  return number.toString(16).padStart(length, "0");
}
