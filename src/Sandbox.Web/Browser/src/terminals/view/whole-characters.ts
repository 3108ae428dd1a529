/**
 * Keeps back the first bytes of a character until the rest has come. xterm 6.0.0 does so itself, but reads a character
 * wrongly that is split after a byte 0x80, as in E2 80 | 94, a dash.
 */
export class WholeCharacters {
  #begun = new Uint8Array(0);

  take(data: Uint8Array): Uint8Array {
    let whole = data;
    if (this.#begun.length > 0) {
      whole = new Uint8Array(this.#begun.length + data.length);
      whole.set(this.#begun);
      whole.set(data, this.#begun.length);
    }
    const end = whole.length - begun(whole);
    this.#begun = whole.slice(end);
    return whole.subarray(0, end);
  }

  /** What has begun comes no more. */
  forget(): void {
    this.#begun = new Uint8Array(0);
  }
}

/** How many bytes at the end are the beginning of a character. */
function begun(data: Uint8Array): number {
  for (let count = 1; count <= 3 && count <= data.length; count++) {
    const byte = data[data.length - count]!;
    if (byte < 0x80) {
      return 0;
    }
    if (byte >= 0xc0) {
      const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
      return count < length ? count : 0;
    }
  }
  return 0;
}
