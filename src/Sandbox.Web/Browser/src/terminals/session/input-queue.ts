/** What was typed and not yet taken by the server: bytes in order, bounded. */
export class InputQueue {
  readonly #parts: Uint8Array[] = [];
  #length = 0;

  constructor(readonly limit: number) {}

  get length(): number {
    return this.#length;
  }

  /** Takes all of the bytes, or none of them when they do not fit. */
  push(bytes: Uint8Array): boolean {
    if (this.#length + bytes.length > this.limit) {
      return false;
    }
    if (bytes.length > 0) {
      this.#parts.push(bytes);
      this.#length += bytes.length;
    }
    return true;
  }

  /** Removes up to `max` bytes from the front. */
  take(max: number): Uint8Array {
    const chunk = new Uint8Array(Math.min(max, this.#length));
    let filled = 0;
    while (filled < chunk.length) {
      const part = this.#parts[0]!;
      const room = chunk.length - filled;
      if (part.length <= room) {
        chunk.set(part, filled);
        filled += part.length;
        this.#parts.shift();
      } else {
        chunk.set(part.subarray(0, room), filled);
        this.#parts[0] = part.subarray(room);
        filled += room;
      }
    }
    this.#length -= chunk.length;
    return chunk;
  }

  /** Puts back what was taken and not sent. */
  unshift(bytes: Uint8Array): void {
    this.#parts.unshift(bytes);
    this.#length += bytes.length;
  }

  clear(): void {
    this.#parts.length = 0;
    this.#length = 0;
  }
}
