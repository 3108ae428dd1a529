/** Measured values of one kind. */
export class Series {
  #values = [];

  add(value) {
    this.#values.push(value);
  }

  get count() {
    return this.#values.length;
  }

  get p50() {
    return this.at(0.5);
  }

  get p99() {
    return this.at(0.99);
  }

  /** The nearest rank. */
  at(part) {
    const sorted = this.#values.toSorted((one, other) => one - other);
    return sorted.length === 0 ? 0 : sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)];
  }
}
