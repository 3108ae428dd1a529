import type { Terminal } from "@xterm/xterm";

/** Suppresses xterm's answers to queries of programs while `isMute`: a handler that returns true ends the processing. */
export function muteReplies(terminal: Terminal, isMute: () => boolean): void {
  const { parser } = terminal;
  for (const id of [{ prefix: ">", final: "c" }, { prefix: "=", final: "c" }, { final: "n" }, { prefix: "?", final: "n" },
    { intermediates: "$", final: "p" }, { prefix: "?", intermediates: "$", final: "p" }, { prefix: ">", final: "q" }, { prefix: "?", final: "S" }]) {
    parser.registerCsiHandler(id, isMute);
  }
  parser.registerCsiHandler({ final: "t" }, isMute);
  parser.registerCsiHandler({ final: "c" }, params => {
    // A VT220 with sixel, national sets and colours: the image addon would say the same, were it loaded.
    if (!isMute() && !params[0]) {
      terminal.input("\x1b[?62;4;9;22c", false);
    }
    return true;
  });
  parser.registerDcsHandler({ intermediates: "$", final: "q" }, isMute);
  for (const osc of [4, 10, 11, 12]) {
    parser.registerOscHandler(osc, data => isMute() && data.includes("?"));
  }
}

/** A replay lasts until output pauses this long, in ms. */
const quiet = 200;
/** The longest wait for its first output, in ms. */
const longest = 3000;

/**
 * Whether output was shown before, on this or another page: answers to old queries would be typed into the shell that
 * runs now.
 */
export class Replay {
  isOn = false;
  #timer = 0;

  begin(): void {
    this.isOn = true;
    this.#endIn(longest);
  }

  /** Output was drawn. */
  printed(): void {
    if (this.isOn) {
      this.#endIn(quiet);
    }
  }

  end(): void {
    clearTimeout(this.#timer);
    this.isOn = false;
  }

  #endIn(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => this.end(), ms);
  }
}
