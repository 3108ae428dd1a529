import type { Terminal } from "@xterm/xterm";
import type { Size } from "./terminal-size";

/** Not used by programs; what follows it is known to this page only, so that no program can silence the keyboard. */
const silenceOsc = 7770;

/**
 * Shows a terminal as it is now in place of output that was skipped. The size belongs to the bytes: while they are
 * drawn the terminal has it, whatever room there is, and what comes after them waits for its turn.
 */
export class ScreenRestorer {
  readonly #secret = crypto.getRandomValues(new Uint32Array(4)).join("-");
  #later: (() => void)[] | null = null;
  #drawing = 0;
  #silent = false;

  /** @param drawn is called when the terminal may have its own size again. */
  constructor(private readonly terminal: Terminal, private readonly drawn: () => void) {
    terminal.parser.registerOscHandler(silenceOsc, data => {
      this.#silent ||= data === this.#secret;
      return true;
    });
  }

  /** Whether the size is not the window's to change. */
  get isDrawing(): boolean {
    return this.#drawing > 0;
  }

  /** Whether what xterm says now answers the screen's own bytes, as when it reports the focus. */
  get isSilent(): boolean {
    return this.#silent;
  }

  /** Does something in its turn: at once, if no screen is waiting for its own. */
  inTurn(action: () => void): void {
    if (this.#later) {
      this.#later.push(action);
    } else {
      action();
    }
  }

  /**
   * @param marker tells of what is not there; what is shown goes up before it
   * @param first whether the page has shown nothing yet; then the marker is the first line of all
   * @param begun is called when what was written before is read
   */
  show(data: Uint8Array, size: Size, marker: string, first: boolean, begun: () => void, parsed: () => void): void {
    this.inTurn(() => {
      this.#later = [];
      this.#drawing++;
      const line = (rows: number): string => `\x1b[7m ⋯ ${marker} ⋯ \x1b[0m${"\r\n".repeat(rows)}`;
      this.terminal.write(first ? "" : `\x1b[?1049l\x1b[!p\x1b[999;1H\r\n${line(this.terminal.rows)}`, () => {
        begun();
        this.terminal.resize(size.cols, size.rows);
        this.terminal.write(this.#silenced(first ? line(size.rows) : "", data), () => {
          this.#silent = false;
          parsed();
          if (--this.#drawing === 0) {
            this.drawn();
          }
        });
        const later = this.#later ?? [];
        this.#later = null;
        for (const action of later) {
          this.inTurn(action);
        }
      });
    });
  }

  /** In one piece, which xterm reads without a break: what it says within is no key. The end is told by its callback. */
  #silenced(above: string, data: Uint8Array): Uint8Array {
    const before = new TextEncoder().encode(`\x1b]${silenceOsc};${this.#secret}\x07${above}`);
    const whole = new Uint8Array(before.length + data.length);
    whole.set(before);
    whole.set(data, before.length);
    return whole;
  }
}
