/** The part of xterm that is written to; tests bring their own. */
export interface Writable {
  write(data: Uint8Array, parsed: () => void): void;
}

/** A piece of so many bytes is part of a flood. */
const flood = 32 * 1024;
/** What is written at once of a flood: most of what the server sends without an ack. */
const enough = 160 * 1024;
/** A flood that pauses longer than this, in ms, is shown as far as it came. */
const patience = 30;

/**
 * Gives a terminal the bytes of a flood in large pieces. After every piece it paints, which takes longer than reading a
 * small one; and what is being painted lets nothing in.
 */
export class OutputFeed {
  #waiting: { data: Uint8Array; parsed: () => void }[] = [];
  #length = 0;
  #last = 0;
  #writing = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param prepare called with each piece before it is written; it may hold some of it back */
  constructor(private readonly to: Writable, private readonly prepare: (piece: Uint8Array) => Uint8Array = piece => piece) {}

  /** @param parsed is called when these bytes are dealt with. */
  write(data: Uint8Array, parsed: () => void): void {
    this.#waiting.push({ data, parsed });
    this.#length += data.length;
    this.#next();
  }

  /** Writes now what waits, so that something else can follow it. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const pieces = this.#waiting;
    if (pieces.length === 0) {
      return;
    }
    this.#last = this.#length;
    this.#waiting = [];
    this.#length = 0;
    this.#writing++;
    this.to.write(this.prepare(joined(pieces.map(piece => piece.data))), () => {
      this.#writing--;
      for (const piece of pieces) {
        piece.parsed();
      }
      this.#next();
    });
  }

  dispose(): void {
    clearTimeout(this.#timer);
  }

  #next(): void {
    if (this.#writing > 0 || this.#length === 0) {
      return;
    }
    if (this.#last < flood || this.#length >= enough) {
      this.flush();
    } else {
      this.#timer ??= setTimeout(() => this.flush(), patience);
    }
  }
}

function joined(pieces: Uint8Array[]): Uint8Array {
  if (pieces.length === 1) {
    return pieces[0]!;
  }
  const whole = new Uint8Array(pieces.reduce((length, piece) => length + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
