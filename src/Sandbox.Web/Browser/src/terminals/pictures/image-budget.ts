/** As many at once as a terminal's kept output may hold, and then as many in a second as any film has. */
const most = 1000;
const perSecond = 100;

/** How many images may still be made: each is a canvas of its own, however small, and a program prints them by the megabyte. */
export class ImageBudget {
  #left = most;
  #at: number;

  constructor(private readonly now: () => number) {
    this.#at = now();
  }

  /** Whether there is one more. */
  take(): boolean {
    const now = this.now();
    this.#left = Math.min(most, this.#left + (now - this.#at) / 1000 * perSecond);
    this.#at = now;
    if (this.#left < 1) {
      return false;
    }
    this.#left--;
    return true;
  }
}
