import type { Terminal } from "@xterm/xterm";
import type { Size } from "./terminal-size";

/** Not used by programs. It carries a secret of this page, so that no program can silence the keyboard. */
const silenceOsc = 7770;

/**
 * Draws the current screen in place of skipped output. The bytes belong to a size: the terminal has that size while they
 * are drawn, and later output waits.
 */
export class ScreenRestorer {
  readonly #secret = crypto.getRandomValues(new Uint32Array(4)).join("-");
  #later: (() => void)[] | null = null;
  #drawing = 0;
  #silent = false;

  /** @param drawn called when the terminal may have its own size again */
  constructor(private readonly terminal: Terminal, private readonly drawn: () => void) {
    terminal.parser.registerOscHandler(silenceOsc, data => {
      this.#silent ||= data === this.#secret;
      return true;
    });
  }

  /** Whether the size must not change now. */
  get isDrawing(): boolean {
    return this.#drawing > 0;
  }

  /** Whether xterm's data answers the bytes of the screen, as a focus report does. */
  get isSilent(): boolean {
    return this.#silent;
  }

  /** Runs an action at once, or after the screens that wait. */
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
   * @param begun called when earlier output is drawn
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

  /** In one piece, which xterm parses without a break: its data meanwhile is not input. The callback marks the end. */
  #silenced(above: string, data: Uint8Array): Uint8Array {
    const before = new TextEncoder().encode(`\x1b]${silenceOsc};${this.#secret}\x07${above}`);
    const whole = new Uint8Array(before.length + data.length);
    whole.set(before);
    whole.set(data, before.length);
    return whole;
  }
}
