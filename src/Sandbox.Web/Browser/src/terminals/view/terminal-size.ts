import { FitAddon } from "@xterm/addon-fit";
import type { Terminal } from "@xterm/xterm";
import { preferences } from "./preferences";

export interface Size {
  cols: number;
  rows: number;
}

/** Sends the size of a terminal to its program. */
export interface SizeTeller {
  resize(cols: number, rows: number): void;
  /** Sends no size until the next call of `resize`. */
  forgetSize(): void;
}

/** The width that the fit addon leaves for the scrollbar, in CSS pixels. */
export const scrollbar = 14;

/** Small enough for 160 columns on a phone, where fingers zoom; a wider terminal scrolls sideways. */
const leastFont = 3.5;

/** Letters of a small terminal in a large window grow to this size. */
const mostFont = 40;

/** The size of one terminal on the page: its own, as large as the element, or one that another page decides. */
export class TerminalSize {
  readonly #fit = new FitAddon();
  readonly #observer: ResizeObserver;
  #teller: SizeTeller | null = null;
  #timer = 0;
  /** The size that another page decided, see {@link follow}. */
  #follows: Size | null = null;
  #wishes = false;
  /** Its own size while another one is shown. */
  #room: Size | undefined;

  /** @param isHeld whether the size must not change now */
  constructor(private readonly element: HTMLElement, private readonly terminal: Terminal, private readonly isHeld: () => boolean) {
    terminal.loadAddon(this.#fit);
    this.#observer = new ResizeObserver(() => this.fit());
    this.#observer.observe(element);
  }

  get isFollowing(): boolean {
    return this.#follows !== null;
  }

  use(teller: SizeTeller): void {
    this.#teller = teller;
    this.fit();
    this.#tell();
  }

  fit(): void {
    if (!this.#isSeen || this.isHeld()) {
      return;
    }
    if (this.#follows) {
      this.#scale(this.#follows);
    } else {
      this.#fit.fit();
      // Not every size while a border is dragged.
      clearTimeout(this.#timer);
      this.#timer = window.setTimeout(() => this.#tell(), 60);
    }
  }

  /** The size of a terminal in an element that is so many CSS pixels smaller. */
  in(lessWidth: number, lessHeight: number): Size {
    const { cols, rows } = this.#own() ?? this.terminal;
    const room = this.terminal.element!.parentElement!;
    const screen = this.terminal.element!.querySelector(".xterm-screen")!.getBoundingClientRect();
    return {
      cols: Math.max(2, Math.min(cols, Math.floor((room.clientWidth - lessWidth - scrollbar) / (screen.width / this.terminal.cols)))),
      rows: Math.max(1, Math.min(rows, Math.floor((room.clientHeight - lessHeight) / (screen.height / this.terminal.rows)))),
    };
  }

  /**
   * Shows the terminal at a size that is decided elsewhere, in smaller or larger letters so that it fills the room; null is its own
   * size again.
   * @param wishes whether this window's size takes part in the decision, so that the server needs it
   */
  follow(size: Size | null, wishes = false): void {
    if (size?.cols === this.#follows?.cols && size?.rows === this.#follows?.rows && wishes === this.#wishes) {
      return;
    }
    this.#follows = size;
    this.#wishes = wishes;
    this.element.classList.toggle("follows", size !== null);
    clearTimeout(this.#timer);
    if (!size) {
      this.terminal.options.fontSize = preferences.now.fontSize;
    }
    this.fit();
    if (size && !wishes) {
      this.#teller?.forgetSize();
    } else if (!size) {
      this.#tell();
    }
  }

  /** Makes this window's size the size of the terminal. */
  claim(): void {
    const own = this.#own();
    if (own) {
      this.#teller?.forgetSize();
      this.#teller?.resize(own.cols, own.rows);
    }
  }

  /** Whether its own size is this one. */
  is(size: Size): boolean {
    const own = this.#own();
    return own?.cols === size.cols && own.rows === size.rows;
  }

  dispose(): void {
    clearTimeout(this.#timer);
    this.#observer.disconnect();
  }

  /** Its own size, with the chosen font size. */
  #own(): Size | undefined {
    if (this.#follows) {
      return this.#room;
    }
    const room = this.#fit.proposeDimensions();
    return room && Number.isFinite(room.cols) && Number.isFinite(room.rows) ? room : undefined;
  }

  /** Letters do not grow in proportion to the font size, so sizes are tried; nothing is drawn before the end. */
  #scale(size: Size): void {
    const letters = this.terminal.options;
    const fits = (): number => {
      const room = this.#fit.proposeDimensions();
      return room ? Math.min(room.cols / size.cols, room.rows / size.rows) : Number.NaN;
    };
    letters.fontSize = preferences.now.fontSize;
    const by = fits();
    if (!Number.isFinite(by)) {
      return;
    }
    this.#room = this.#fit.proposeDimensions();
    if (this.#wishes && this.#room) {
      this.#teller?.resize(this.#room.cols, this.#room.rows);
    }
    if (by < 1) {
      let font = Math.floor(preferences.now.fontSize * by * 2) / 2 + 0.5;
      do {
        font = Math.max(leastFont, font - 0.5);
        letters.fontSize = font;
      } while (font > leastFont && fits() < 1);
    } else if (!this.#wishes) {
      let font = Math.min(mostFont, Math.floor(preferences.now.fontSize * by * 2) / 2);
      for (letters.fontSize = font; font > preferences.now.fontSize && fits() < 1; letters.fontSize = font) {
        font -= 0.5;
      }
    }
    this.terminal.resize(size.cols, size.rows);
  }

  get #isSeen(): boolean {
    return this.element.offsetParent !== null && this.element.clientWidth > 0;
  }

  /** Sends its own size, if it is visible and has it. */
  #tell(): void {
    clearTimeout(this.#timer);
    if (this.#isSeen && !this.#follows && !this.isHeld()) {
      this.#teller?.resize(this.terminal.cols, this.terminal.rows);
    }
  }
}
