import { FitAddon } from "@xterm/addon-fit";
import { Unicode11Addon } from "@xterm/addon-unicode11";
import { WebLinksAddon } from "@xterm/addon-web-links";
import type { SearchAddon } from "@xterm/addon-search";
import { type IBufferRange, type ITerminalOptions, Terminal } from "@xterm/xterm";
import { isDark, onThemeChange } from "../theme-toggle";
import { toast } from "../toast";
import { readClipboard, writeClipboard } from "./clipboard";
import { startImages } from "./images";
import { plain } from "./osc";
import { OutputFeed } from "./output-feed";
import { onDensity, Painter } from "./painter";
import { paletteOf } from "./palettes";
import { harmless, lineCount } from "./paste";
import { fonts, type Preferences, preferences, zoomText } from "./preferences";
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

export interface FindOptions {
  readonly caseSensitive: boolean;
  readonly wholeWord: boolean;
  readonly regex: boolean;
}

export interface Size {
  cols: number;
  rows: number;
}

/** One xterm in the page, and the sink of its session. */
export class TerminalView implements TerminalSink {
  readonly terminal: Terminal;
  onTitle: (title: string) => void = () => undefined;
  onLeave: () => void = () => undefined;
  /** Output was skipped; what was before it is read, and what comes after it is not. */
  onSkipped: () => void = () => undefined;
  onFind: () => void = () => undefined;
  /** @param index of the place that is shown, from 0; less where there are too many to count */
  onFound: (index: number, count: number) => void = () => undefined;
  /** Gives the keys to a question below the terminal; false when there is none. */
  onQuestions: () => boolean = () => false;
  /** A link was clicked. @param words what is on the screen for it */
  onLink: (link: string, words: string, event: MouseEvent) => void = () => undefined;
  /** Changes typed text on its way, for the sticky keys of the key bar. */
  transform: (text: string) => string = text => text;

  /** Whether it answers what programs ask of their terminal: of all the pages on one, one does. */
  answers = true;

  readonly #fit = new FitAddon();
  readonly #observer: ResizeObserver;
  readonly #painter: Painter;
  /** What ends the listening to others. */
  readonly #ends: (() => void)[];
  #session: TerminalSession | null = null;
  #search: SearchAddon | null = null;
  #searchedHow = "";
  #replaying = false;
  /** Whether what xterm types now was pasted. */
  #pasting = false;
  /** Whether Enter was pressed and nothing was printed since. */
  #entered = false;
  #replayTimer = 0;
  #resizeTimer = 0;
  /** The size it is shown at when that is not its own, see {@link follow}. */
  #follows: Size | null = null;
  #wishes = false;
  /** What there is room for while another size is shown. */
  #room: Size | undefined;
  readonly #restorer: ScreenRestorer;
  readonly #characters = new WholeCharacters();
  readonly #feed: OutputFeed;
  readonly #status = document.createElement("div");

  /**
   * Needs no session yet; made once {@link painterReady}, its size is the one it keeps.
   * @param size to begin with while it is not seen
   */
  constructor(readonly element: HTMLElement, size?: Size) {
    this.terminal = new Terminal({
      ...size,
      ...chosen(preferences.now),
      allowProposedApi: true,
      // A line in the console for each byte that makes no sense: of noise that is most of the work, and programs decide what they print.
      logLevel: "off",
      macOptionIsMeta: true,
      rightClickSelectsWord: false,
      // Programs that print images ask how many pixels they have.
      windowOptions: { getWinSizePixels: true, getCellSizePixels: true, getWinSizeChars: true },
      linkHandler: {
        activate: (event, uri, range) => this.#follow(uri, this.#words(range), event),
        hover: (_event, uri) => this.#hint(uri),
        leave: () => this.#hint(null),
        // What is followed is decided where it is followed.
        allowNonHttpProtocols: true,
      },
    });
    this.terminal.loadAddon(this.#fit);
    this.terminal.loadAddon(new Unicode11Addon());
    this.terminal.unicode.activeVersion = "11";
    this.terminal.loadAddon(new WebLinksAddon((event, uri) => this.#follow(uri, uri, event), { hover: (_event, uri) => this.#hint(uri), leave: () => this.#hint(null) }));
    // What measures the room for letters takes the padding around it for room.
    const room = document.createElement("div");
    room.className = "ws-room";
    element.append(room);
    this.terminal.open(room);
    this.#restorer = new ScreenRestorer(this.terminal, () => this.fit());
    this.#feed = new OutputFeed(this.terminal, piece => this.#characters.take(piece));
    this.#status.className = "hidden-text";
    this.#status.setAttribute("role", "status");
    element.append(this.#status);
    this.#painter = new Painter(this.terminal, () => this.fit());
    this.#ends = [onDensity(() => this.fit()), preferences.onChange(() => this.#choose()), onThemeChange(() => this.#choose())];
    this.fit();
    this.#muteReplies();
    // Its answers are muted like xterm's.
    startImages(this.terminal, () => this.#muteReplies());

    this.terminal.onData(text => {
      if (this.#restorer.isSilent) {
        return;
      }
      this.#entered ||= text.includes("\r");
      this.#session?.type(encoder.encode(this.#pasting ? text : this.transform(text)));
    });
    this.terminal.onBinary(text => this.#session?.type(Uint8Array.from(text, letter => letter.charCodeAt(0))));
    this.terminal.onTitleChange(title => this.onTitle(title));
    this.terminal.attachCustomKeyEventHandler(event => this.#key(event));
    element.addEventListener("paste", event => {
      const text = event.clipboardData?.getData("text/plain");
      if (text) {
        event.preventDefault();
        event.stopPropagation();
        void this.paste(text);
      }
    }, { capture: true });
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
      this.#feed.write(data, () => {
        parsed();
        this.#entered = false;
        if (this.#replaying) {
          this.#replayEndsLater(replayQuiet);
        }
      }));
  }

  screen(data: Uint8Array, size: Size, skipped: number, parsed: () => void): void {
    const text = skipped > 0 ? `${inWords(skipped)} of output were skipped; this is the screen now` : null;
    this.#restorer.inTurn(() => {
      this.#feed.flush();
      this.#characters.forget();
      this.#restorer.show(this.#characters.take(data), size, text, () => this.onSkipped(), () => {
        parsed();
        if (this.#replaying) {
          this.#replayEndsLater(replayQuiet);
        }
      });
    });
    this.#status.textContent = text;
  }

  gap(bytes: number, first: boolean): void {
    const size = inWords(bytes);
    const text = first ? `${size} of earlier output are no longer kept` : `${size} of output were not kept while you were away`;
    this.#restorer.inTurn(() => {
      this.#feed.flush();
      this.#characters.forget();
      this.terminal.write(`\x1b[0m\r\n\x1b[7m ⋯ ${text} ⋯ \x1b[0m\r\n`, () => this.onSkipped());
    });
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
    this.#follows = size;
    this.#wishes = wishes;
    this.element.classList.toggle("follows", size !== null);
    clearTimeout(this.#resizeTimer);
    if (!size) {
      this.terminal.options.fontSize = preferences.now.fontSize;
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
    return this.#replaying || this.#restorer.isSilent;
  }

  focus(): void {
    this.terminal.focus();
  }

  /** Types what a key stands for. */
  press(keys: string): void {
    this.terminal.input(keys, true);
  }

  /** Pastes text as a visitor's own; several lines for a prompt that would run each of them only after a question. */
  async paste(text: string): Promise<void> {
    if (text === "" || this.terminal.options.disableStdin) {
      return;
    }
    const { buffer, modes } = this.terminal;
    // A prompt has words before the cursor; what reads a text from a line's beginning, as cat does, is asked nothing.
    const prompts = buffer.active.type === "normal" && buffer.active.cursorX > 0 && !this.#entered;
    if (prompts && !modes.bracketedPasteMode && preferences.now.askPaste && lineCount(text) > 1) {
      const dialog = await pasteDialog();
      const yes = await dialog?.askLines(text);
      this.focus();
      if (!yes) {
        return;
      }
    }
    this.#pasting = true;
    this.terminal.paste(harmless(text));
    this.#pasting = false;
  }

  /** Pastes what is on the clipboard; where it cannot be read, the visitor pastes it into a box. */
  async pasteClipboard(): Promise<void> {
    if (this.terminal.options.disableStdin) {
      return;
    }
    let text = await readClipboard();
    if (text === null) {
      const dialog = await pasteDialog();
      text = await dialog?.askText() ?? null;
      this.focus();
    }
    await this.paste(text ?? "");
  }

  /** Goes to the next place with a text, or the one before, and marks up to `most` of them; an empty text takes the marks away. */
  async find(text: string, how: FindOptions & { backwards?: boolean; incremental?: boolean }, most: number): Promise<void> {
    if (!this.#search) {
      const { SearchAddon } = await import("@xterm/addon-search");
      this.#search = new SearchAddon({ highlightLimit: most });
      this.terminal.loadAddon(this.#search);
      this.#search.onDidChangeResults(({ resultIndex, resultCount }) => this.onFound(resultIndex, resultCount));
    }
    if (text === "") {
      this.#search.clearDecorations();
      this.terminal.clearSelection();
      return;
    }
    // The addon by itself goes on marking what was found otherwise.
    const manner = [how.caseSensitive, how.wholeWord, how.regex].join();
    if (manner !== this.#searchedHow) {
      this.#searchedHow = manner;
      this.#search.clearDecorations();
    }
    const { colours, dark } = paletteOf(preferences.now.theme, isDark());
    const options = {
      ...how,
      decorations: {
        matchBackground: colours.selectionInactiveBackground!, matchOverviewRuler: colours.cursor!,
        activeMatchBackground: dark ? "#7a4a00" : "#ffcf70", activeMatchBorder: colours.cursor!, activeMatchColorOverviewRuler: colours.cursor!,
      },
    };
    if (how.backwards) {
      this.#search.findPrevious(text, options);
    } else {
      this.#search.findNext(text, options);
    }
  }

  onDispose(end: () => void): void {
    this.#ends.push(end);
  }

  dispose(): void {
    clearTimeout(this.#replayTimer);
    clearTimeout(this.#resizeTimer);
    this.#observer.disconnect();
    this.#ends.forEach(end => end());
    this.#painter.dispose();
    this.#feed.dispose();
    this.terminal.dispose();
  }

  #key(event: KeyboardEvent): boolean {
    if (event.type !== "keydown" || !event.ctrlKey || event.altKey || event.metaKey) {
      return true;
    }
    // With Shift, minus is what undoes in a shell.
    const zoom = { "+": 1, "=": 1, "-": -1, "0": 0 }[event.key];
    if (zoom !== undefined) {
      event.preventDefault();
      toast(`Text size ${zoomText(zoom)}`);
      return false;
    }
    if (!event.shiftKey) {
      return true;
    }
    switch (event.code) {
      case "KeyC":
        if (this.terminal.hasSelection()) {
          event.preventDefault();
          void writeClipboard(this.terminal.getSelection()).then(done => done || toast("The browser does not let this page copy", "error"));
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
      case "ArrowDown":
        event.preventDefault();
        this.onQuestions();
        return false;
      default:
        return true;
    }
  }

  #follow(link: string, words: string, event: MouseEvent): void {
    if (!this.terminal.hasSelection()) {
      this.onLink(link, words, event);
    }
  }

  #hint(link: string | null): void {
    this.element.title = link === null ? "" : `${plain(link).slice(0, 300)}\nCtrl+click opens it`;
  }

  #words({ start, end }: IBufferRange): string {
    let words = "";
    for (let row = start.y; row <= end.y; row++) {
      words += this.terminal.buffer.active.getLine(row - 1)?.translateToString(false, row === start.y ? start.x - 1 : 0, row === end.y ? end.x : this.terminal.cols) ?? "";
    }
    return words;
  }

  /** While output is replayed, queries in it are swallowed instead of answered. */
  #muteReplies(): void {
    const mute = (): boolean => this.#replaying || !this.answers;
    const parser = this.terminal.parser;
    for (const id of [{ prefix: ">", final: "c" }, { prefix: "=", final: "c" }, { final: "n" }, { prefix: "?", final: "n" },
      { intermediates: "$", final: "p" }, { prefix: "?", intermediates: "$", final: "p" }, { prefix: ">", final: "q" }, { prefix: "?", final: "S" }]) {
      parser.registerCsiHandler(id, mute);
    }
    parser.registerCsiHandler({ final: "t" }, mute);
    parser.registerCsiHandler({ final: "c" }, params => {
      // A VT220 with sixel, national sets and colours: the image addon would say the same, were it loaded.
      if (!mute() && !params[0]) {
        this.terminal.input("\x1b[?62;4;9;22c", false);
      }
      return true;
    });
    parser.registerDcsHandler({ intermediates: "$", final: "q" }, mute);
    for (const osc of [4, 10, 11, 12]) {
      parser.registerOscHandler(osc, data => mute() && data.includes("?"));
    }
  }

  /** Takes on what the visitor chose; xterm sees by itself what is new in it. */
  #choose(): void {
    const { fontSize, ...rest } = chosen(preferences.now);
    Object.assign(this.terminal.options, rest, this.#follows ? {} : { fontSize });
    this.fit();
  }

  /** The size this window has room for, in letters as large as chosen. */
  #own(): Size | undefined {
    if (this.#follows) {
      return this.#room;
    }
    const room = this.#fit.proposeDimensions();
    return room && Number.isFinite(room.cols) && Number.isFinite(room.rows) ? room : undefined;
  }

  /** Letters do not grow in proportion to their size, so what fits is tried; nothing is drawn before the end. */
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
      this.#session?.resize(this.#room.cols, this.#room.rows);
    }
    if (by < 1) {
      let font = Math.floor(preferences.now.fontSize * by * 2) / 2 + 0.5;
      do {
        font = Math.max(leastFont, font - 0.5);
        letters.fontSize = font;
      } while (font > leastFont && fits() < 1);
    }
    this.terminal.resize(size.cols, size.rows);
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

/** Null, and a word about it, where it cannot be loaded. */
async function pasteDialog(): Promise<typeof import("./paste-dialog") | null> {
  try {
    return await import("./paste-dialog");
  } catch {
    toast("Nothing was pasted: the server cannot be reached. Check your connection.", "error");
    return null;
  }
}

/** xterm's names for what a visitor chose. */
function chosen({ font, fontSize, lineHeight, theme, cursor, blink, scrollback, screenReader }: Preferences): ITerminalOptions & { fontSize: number } {
  const { colours, contrast } = paletteOf(theme, isDark());
  return {
    fontFamily: fonts[font].stack || getComputedStyle(document.documentElement).getPropertyValue("--mono") || "monospace",
    fontSize, lineHeight, scrollback,
    cursorBlink: blink && !matchMedia("(prefers-reduced-motion: reduce)").matches,
    cursorStyle: cursor,
    minimumContrastRatio: contrast,
    screenReaderMode: screenReader,
    theme: colours,
  };
}
