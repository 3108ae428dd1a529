/** How far a finger moves before it scrolls; less is a tap, or a press. In pixels. */
export const slack = 8;

/** After this long at rest it is a press, in ms. */
export const pressTime = 500;

/** A finger that rested for so long before it left did not throw, in ms. */
const rest = 80;
/** How long a throw takes to lose most of its speed, in ms. */
const fade = 325;
/** Slower than this nobody sees it move, in pixels per ms. */
const least = 0.03;
const fastest = 6;

/** Whole lines out of pixels: what is left of a line counts for the next. */
export class Lines {
  #left = 0;

  take(pixels: number, lineHeight: number): number {
    this.#left += pixels / lineHeight;
    const lines = Math.trunc(this.#left);
    this.#left -= lines;
    return lines;
  }
}

/** How fast a finger was when it left the screen, and how far its throw carries. */
export class Throw {
  readonly #moves: { at: number; pixels: number }[] = [];
  #speed = 0;

  moved(pixels: number, at: number): void {
    this.#moves.push({ at, pixels });
    while (this.#moves[0]!.at < at - rest) {
      this.#moves.shift();
    }
  }

  left(at: number): void {
    const recent = this.#moves.filter(move => move.at >= at - rest);
    const pixels = recent.reduce((sum, move) => sum + move.pixels, 0);
    // Over the whole time looked at: one move alone says nothing of how long it took.
    this.#speed = Math.max(-fastest, Math.min(fastest, pixels / rest));
  }

  /** How far it goes in so many ms; 0 once it is over. */
  after(ms: number): number {
    const pixels = this.#speed * ms;
    this.#speed *= Math.exp(-ms / fade);
    if (Math.abs(this.#speed) < least) {
      this.#speed = 0;
    }
    return pixels;
  }

  get isOver(): boolean {
    return this.#speed === 0;
  }
}
