import { FitAddon } from "@xterm/addon-fit";
import { Unicode11Addon } from "@xterm/addon-unicode11";
import { WebLinksAddon } from "@xterm/addon-web-links";
import type { SearchAddon } from "@xterm/addon-search";
import { Terminal } from "@xterm/xterm";
import { isDark, onThemeChange } from "../theme-toggle";
import { onDensity, Painter } from "./painter";
import { darkPalette, lightPalette } from "./palette";
import { ScreenRestorer } from "./screen-restorer";
import type { TerminalSession, TerminalSink } from "./terminal-session";
import { WholeCharacters } from "./whole-characters";

const encoder = new TextEncoder();

/** Replies to what was asked long ago would be typed into the shell of now; a replay lasts until output pauses this long. */
const replayQuiet = 200;

/** What the fit addon leaves for the scrollbar. */
const scrollbar = 14;

/** Smaller letters are no letters any more; then the terminal scrolls. */
const leastFont = 7;

export interface Size {
  cols: number;
  rows: number;
}

export interface ViewOptions {
  fontSize: number;
  screenReader: boolean;
  /** The size to begin with while it is not seen. */
  size?: Size | undefined;
}

/** One xterm in the page, and the sink of its session. */
export class TerminalView implements TerminalSink {
  readonly terminal: Terminal;
  onTitle: (title: string) => void = () => undefined;
  onLeave: () => void = () => undefined;
  onFind: () => void = () => undefined;
  /** Changes typed text on its way, for the sticky keys of the key bar. */
  transform: (text: string) => string = text => text;

  /** Whether it answers what programs ask of their terminal: of all the pages on one, one does. */
  answers = true;

  readonly #fit = new FitAddon();
  readonly #observer: ResizeObserver;
  readonly #painter: Painter;
  readonly #undensity: () => void;
  #session: TerminalSession | null = null;
  #search: SearchAddon | null = null;
  #replaying = false;
  #replayTimer = 0;
  #resizeTimer = 0;
  /** The size it is shown at when that is not its own, see {@link follow}. */
  #follows: Size | null = null;
  #wishes = false;
  #fontSize = 0;
  #scaledFont = 0;
  readonly #restorer: ScreenRestorer;
  readonly #characters = new WholeCharacters();
  readonly #status = document.createElement("div");

  /** Needs no session yet; made once {@link painterReady}, its size is the one it keeps. */
  constructor(readonly element: HTMLElement, options: ViewOptions) {
    this.terminal = new Terminal({
      ...options.size,
      allowProposedApi: true,
      cursorBlink: !matchMedia("(prefers-reduced-motion: reduce)").matches,
      fontFamily: getComputedStyle(document.documentElement).getPropertyValue("--mono") || "monospace",
      fontSize: options.fontSize,
      lineHeight: 1.15,
      // A line in the console for each byte that makes no sense: of noise that is most of the work, and programs decide what they print.
      logLevel: "off",
      macOptionIsMeta: true,
      minimumContrastRatio: 4.5,
      rightClickSelectsWord: false,
      screenReaderMode: options.screenReader,
      scrollback: 10_000,
      theme: isDark() ? darkPalette : lightPalette,
      linkHandler: {
        activate: (_event, uri) => this.#open(uri, true),
      },
    });
    this.terminal.loadAddon(this.#fit);
    this.terminal.loadAddon(new Unicode11Addon());
    this.terminal.unicode.activeVersion = "11";
    this.terminal.loadAddon(new WebLinksAddon((_event, uri) => this.#open(uri, false)));
    // What measures the room for letters takes the padding around it for room.
    const room = document.createElement("div");
    room.className = "ws-room";
    element.append(room);
    this.terminal.open(room);
    this.#restorer = new ScreenRestorer(this.terminal, () => this.fit());
    this.#status.className = "hidden-text";
    this.#status.setAttribute("role", "status");
    element.append(this.#status);
    this.#painter = new Painter(this.terminal, () => this.fit());
    this.#undensity = onDensity(() => this.fit());
    this.fit();
    this.#muteReplies();

    this.terminal.onData(text => {
      if (this.#restorer.isSilent) {
        return;
      }
      const changed = this.transform(text);
      this.#session?.type(encoder.encode(changed));
    });
    this.terminal.onBinary(text => this.#session?.type(Uint8Array.from(text, letter => letter.charCodeAt(0))));
    this.terminal.onTitleChange(title => this.onTitle(title));
    this.terminal.attachCustomKeyEventHandler(event => this.#key(event));
    onThemeChange(() => {
      this.terminal.options.theme = isDark() ? darkPalette : lightPalette;
    });
    this.#observer = new ResizeObserver(() => this.fit());
    this.#observer.observe(element);
  }

  /** @param replay whether what comes first was shown before, to this or another page. */
  use(session: TerminalSession, replay: boolean): void {
    this.#session = session;
    this.#replaying = replay;
    if (replay) {
      this.#replayEndsLater(3000);
    }
    this.fit();
    this.#tell();
  }

  write(data: Uint8Array, parsed: () => void): void {
    this.#restorer.inTurn(() =>
      this.terminal.write(this.#characters.take(data), () => {
        parsed();
        if (this.#replaying) {
          this.#replayEndsLater(replayQuiet);
        }
      }));
  }

  screen(data: Uint8Array, size: Size, skipped: number, parsed: () => void): void {
    const text = skipped > 0 ? `${inWords(skipped)} of output were skipped; this is the screen now` : null;
    this.#restorer.inTurn(() => {
      this.#characters.forget();
      this.#restorer.show(this.#characters.take(data), size, text, parsed);
    });
    this.#status.textContent = text;
  }

  gap(bytes: number, first: boolean): void {
    const size = inWords(bytes);
    const text = first ? `${size} of earlier output are no longer kept` : `${size} of output were not kept while you were away`;
    this.terminal.write(`\x1b[0m\r\n\x1b[7m ⋯ ${text} ⋯ \x1b[0m\r\n`);
  }

  fit(): void {
    if (!this.#isSeen || this.#restorer.isDrawing) {
      return;
    }
    if (this.#follows) {
      this.#scale(this.#follows);
    } else {
      this.#fit.fit();
      // Not each size that a border passes while it is drawn.
      clearTimeout(this.#resizeTimer);
      this.#resizeTimer = window.setTimeout(() => this.#tell(), 60);
    }
  }

  /** The size of a terminal in a place that is so many CSS pixels smaller than this one's. */
  sizeIn(lessWidth: number, lessHeight: number): Size {
    const { cols, rows } = this.#own() ?? this.terminal;
    const room = this.terminal.element!.parentElement!;
    const screen = this.terminal.element!.querySelector(".xterm-screen")!.getBoundingClientRect();
    return {
      cols: Math.max(2, Math.min(cols, Math.floor((room.clientWidth - lessWidth - scrollbar) / (screen.width / this.terminal.cols)))),
      rows: Math.max(1, Math.min(rows, Math.floor((room.clientHeight - lessHeight) / (screen.height / this.terminal.rows)))),
    };
  }

  /**
   * Shows the terminal at a size that is decided elsewhere, in smaller letters where there is no room; null is its own
   * size again.
   * @param wishes whether the program's size may follow from this window's, so that it has to be told.
   */
  follow(size: Size | null, wishes = false): void {
    if (size?.cols === this.#follows?.cols && size?.rows === this.#follows?.rows && wishes === this.#wishes) {
      return;
    }
    const before = this.#follows;
    this.#follows = size;
    this.#wishes = wishes;
    this.element.classList.toggle("follows", size !== null);
    if (size && !before) {
      clearTimeout(this.#resizeTimer);
      this.#fontSize = this.#scaledFont = this.terminal.options.fontSize!;
    } else if (!size && before) {
      this.#zoom(this.#chosenFont());
    }
    this.fit();
    if (size && !wishes) {
      this.#session?.forgetSize();
    } else if (!size) {
      this.#tell();
    }
  }

  /** Takes the size of the terminal back to this window's. */
  claim(): void {
    const own = this.#own();
    if (own) {
      this.#session?.forgetSize();
      this.#session?.resize(own.cols, own.rows);
    }
  }

  /** Whether this window by itself would be of that size. */
  isSized(size: Size): boolean {
    const own = this.#own();
    return own?.cols === size.cols && own.rows === size.rows;
  }

  /** Whether what is written now was shown before, to this or another page. */
  get isReplaying(): boolean {
    return this.#replaying;
  }

  focus(): void {
    this.terminal.focus();
  }

  /** Types as if a key was pressed; arrows follow the mode the program asked for. */
  press(key: string): void {
    const arrow = /^Arrow(Up|Down|Right|Left)$/.exec(key)?.[1];
    const text = arrow
      ? `\x1b${this.terminal.modes.applicationCursorKeysMode ? "O" : "["}${{ Up: "A", Down: "B", Right: "C", Left: "D" }[arrow]}`
      : key;
    this.terminal.input(text, true);
  }

  async find(text: string, backwards: boolean): Promise<boolean> {
    if (!this.#search) {
      const { SearchAddon } = await import("@xterm/addon-search");
      this.#search = new SearchAddon();
      this.terminal.loadAddon(this.#search);
    }
    return backwards ? this.#search.findPrevious(text) : this.#search.findNext(text);
  }

  dispose(): void {
    clearTimeout(this.#replayTimer);
    clearTimeout(this.#resizeTimer);
    this.#observer.disconnect();
    this.#undensity();
    this.#painter.dispose();
    this.terminal.dispose();
  }

  #key(event: KeyboardEvent): boolean {
    if (event.type !== "keydown" || !event.ctrlKey || !event.shiftKey) {
      return true;
    }
    switch (event.code) {
      case "KeyC":
        if (this.terminal.hasSelection()) {
          event.preventDefault();
          void navigator.clipboard?.writeText(this.terminal.getSelection()).catch(() => undefined);
        }
        return false;
      case "KeyV":
        // The browser's own paste follows, which xterm takes with bracketing.
        return false;
      case "KeyF":
        event.preventDefault();
        this.onFind();
        return false;
      case "ArrowUp":
        // Tab belongs to the shell, so the keyboard needs another way out.
        event.preventDefault();
        this.onLeave();
        return false;
      default:
        return true;
    }
  }

  #open(uri: string, ask: boolean): void {
    if (!/^https?:\/\//i.test(uri)) {
      return;
    }
    // An OSC 8 link may read otherwise than it leads.
    if (!ask || confirm(`Open this address?\n\n${uri}`)) {
      window.open(uri, "_blank", "noopener,noreferrer");
    }
  }

  /** While output is replayed, queries in it are swallowed instead of answered. */
  #muteReplies(): void {
    const mute = (): boolean => this.#replaying || !this.answers;
    const parser = this.terminal.parser;
    for (const id of [{ final: "c" }, { prefix: ">", final: "c" }, { prefix: "=", final: "c" }, { final: "n" }, { prefix: "?", final: "n" },
      { intermediates: "$", final: "p" }, { prefix: "?", intermediates: "$", final: "p" }, { prefix: ">", final: "q" }]) {
      parser.registerCsiHandler(id, mute);
    }
    parser.registerCsiHandler({ final: "t" }, mute);
    parser.registerDcsHandler({ intermediates: "$", final: "q" }, mute);
    for (const osc of [4, 10, 11, 12]) {
      parser.registerOscHandler(osc, data => mute() && data.includes("?"));
    }
  }

  /** Text size as the visitor chose it, possibly meanwhile. */
  #chosenFont(): number {
    const now = this.terminal.options.fontSize!;
    if (now !== this.#scaledFont) {
      this.#fontSize = now;
    }
    return this.#fontSize;
  }

  /** The size this window has room for, in letters as large as chosen. */
  #own(): Size | undefined {
    const room = this.#fit.proposeDimensions();
    if (!room || !Number.isFinite(room.cols) || !Number.isFinite(room.rows)) {
      return undefined;
    }
    if (!this.#follows) {
      return room;
    }
    const by = this.terminal.options.fontSize! / this.#chosenFont();
    return { cols: Math.max(2, Math.floor(room.cols * by)), rows: Math.max(1, Math.floor(room.rows * by)) };
  }

  #scale(size: Size): void {
    const own = this.#own();
    if (!own) {
      return;
    }
    if (this.#wishes) {
      this.#session?.resize(own.cols, own.rows);
    }
    const chosen = this.#chosenFont();
    const fitting = chosen * Math.min(1, own.cols / size.cols, own.rows / size.rows);
    this.#zoom(Math.max(leastFont, Math.floor(fitting * 2) / 2));
    this.terminal.resize(size.cols, size.rows);
  }

  #zoom(fontSize: number): void {
    this.#scaledFont = fontSize;
    if (this.terminal.options.fontSize !== fontSize) {
      this.terminal.options.fontSize = fontSize;
    }
  }

  #replayEndsLater(ms: number): void {
    clearTimeout(this.#replayTimer);
    this.#replayTimer = window.setTimeout(() => {
      this.#replaying = false;
    }, ms);
  }

  get #isSeen(): boolean {
    return this.element.offsetParent !== null && this.element.clientWidth > 0;
  }

  /** Tells the program its size, when that is this window's; what is not seen has none. */
  #tell(): void {
    clearTimeout(this.#resizeTimer);
    if (this.#isSeen && !this.#follows && !this.#restorer.isDrawing) {
      this.#session?.resize(this.terminal.cols, this.terminal.rows);
    }
  }
}

function inWords(bytes: number): string {
  return bytes >= 1024 * 1024 ? `${(bytes / 1024 / 1024).toFixed(1)} MiB` : bytes >= 1024 ? `${Math.round(bytes / 1024)} KiB` : `${bytes} bytes`;
}
