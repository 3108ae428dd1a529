import { Unicode11Addon } from "@xterm/addon-unicode11";
import { WebLinksAddon } from "@xterm/addon-web-links";
import { type IBufferRange, type ITerminalOptions, Terminal } from "@xterm/xterm";
import { isDark, onThemeChange } from "../theme-toggle";
import { toast } from "../toast";
import { writeClipboard } from "./clipboard";
import { startImages } from "./images";
import { plain } from "./osc";
import { OutputFeed } from "./output-feed";
import { onDensity, Painter } from "./painter";
import { paletteOf } from "./palettes";
import { Paster } from "./paster";
import { fonts, type Preferences, preferences, zoomText } from "./preferences";
import { muteReplies, Replay } from "./replies";
import { ScreenRestorer } from "./screen-restorer";
import { tellKeys } from "./tell-keys";
import { TerminalSearch } from "./terminal-search";
import type { TerminalSession, TerminalSink } from "./terminal-session";
import { type Size, TerminalSize } from "./terminal-size";
import { WholeCharacters } from "./whole-characters";

const encoder = new TextEncoder();

/** One xterm in the page, and the sink of its session. */
export class TerminalView implements TerminalSink {
  readonly terminal: Terminal;
  onTitle: (title: string) => void = () => undefined;
  onLeave: () => void = () => undefined;
  /** Output was skipped; what was before it is read, and what comes after it is not. */
  onSkipped: () => void = () => undefined;
  onFind: () => void = () => undefined;
  /** Gives the keys to a question below the terminal; false when there is none. */
  onQuestions: () => boolean = () => false;
  /** A link was clicked. @param words what is on the screen for it */
  onLink: (link: string, words: string, event: MouseEvent) => void = () => undefined;
  /** Changes typed text on its way, for the sticky keys of the key bar. */
  transform: (text: string) => string = text => text;

  /** Whether it answers what programs ask of their terminal: of all the pages on one, one does. */
  answers = true;

  readonly size: TerminalSize;
  readonly search: TerminalSearch;
  readonly paster: Paster;
  readonly #painter: Painter;
  /** What ends the listening to others. */
  readonly #ends: (() => void)[];
  #session: TerminalSession | null = null;
  readonly #replay = new Replay();
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
    this.terminal.loadAddon(new Unicode11Addon());
    this.terminal.unicode.activeVersion = "11";
    this.terminal.loadAddon(new WebLinksAddon((event, uri) => this.#follow(uri, uri, event), { hover: (_event, uri) => this.#hint(uri), leave: () => this.#hint(null) }));
    // What measures the room for letters takes the padding around it for room.
    const room = document.createElement("div");
    room.className = "ws-room";
    element.append(room);
    this.terminal.open(room);
    this.#restorer = new ScreenRestorer(this.terminal, () => this.size.fit());
    this.size = new TerminalSize(element, this.terminal, () => this.#restorer.isDrawing);
    this.search = new TerminalSearch(this.terminal);
    this.paster = new Paster(element, this.terminal);
    this.#feed = new OutputFeed(this.terminal, piece => this.#characters.take(piece));
    this.#status.className = "hidden-text";
    this.#status.setAttribute("role", "status");
    element.append(this.#status);
    this.#painter = new Painter(this.terminal, () => this.size.fit());
    this.#ends = [onDensity(() => this.size.fit()), preferences.onChange(() => this.#choose()), onThemeChange(() => this.#choose())];
    this.size.fit();
    const mute = (): void => muteReplies(this.terminal, () => this.#replay.isOn || !this.answers);
    mute();
    // Its answers are muted like xterm's.
    startImages(this.terminal, mute);

    this.terminal.onData(text => {
      if (this.#restorer.isSilent) {
        return;
      }
      this.paster.typed(text);
      this.#session?.type(encoder.encode(this.paster.isPasting ? text : this.transform(text)));
    });
    this.terminal.onBinary(text => this.#session?.type(Uint8Array.from(text, letter => letter.charCodeAt(0))));
    this.terminal.onTitleChange(title => this.onTitle(title));
    this.terminal.attachCustomKeyEventHandler(event => this.#key(event));
  }

  /** @param replay whether what comes first was shown before, to this or another page. */
  use(session: TerminalSession, replay: boolean): void {
    this.#session = session;
    if (replay) {
      this.#replay.begin();
    } else {
      this.#replay.end();
    }
    this.size.use(session);
  }

  write(data: Uint8Array, parsed: () => void): void {
    this.#restorer.inTurn(() =>
      this.#feed.write(data, () => {
        parsed();
        this.paster.printed();
        this.#replay.printed();
      }));
  }

  screen(data: Uint8Array, size: Size, skipped: number, parsed: () => void): void {
    const text = skipped > 0 ? `${inWords(skipped)} of output were skipped; this is the screen now` : "Earlier output is no longer kept";
    this.#restorer.inTurn(() => {
      this.#feed.flush();
      this.#characters.forget();
      this.#restorer.show(this.#characters.take(data), size, text, skipped === 0, () => this.onSkipped(), () => {
        parsed();
        this.#replay.printed();
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

  /** Whether what is written now was shown before, to this or another page. */
  get isReplaying(): boolean {
    return this.#replay.isOn || this.#restorer.isSilent;
  }

  focus(): void {
    this.terminal.focus();
  }

  /** Types what a key stands for. */
  press(keys: string): void {
    this.terminal.input(keys, true);
  }

  onDispose(end: () => void): void {
    this.#ends.push(end);
  }

  dispose(): void {
    this.#replay.end();
    this.size.dispose();
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
      // Programs need both keys; who expects them to paste and copy is told once what does.
      if (event.key === "v" || event.key === "c" && this.terminal.hasSelection()) {
        tellKeys();
      }
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

  /** Takes on what the visitor chose; xterm sees by itself what is new in it. */
  #choose(): void {
    const { fontSize, ...rest } = chosen(preferences.now);
    Object.assign(this.terminal.options, rest, this.size.isFollowing ? {} : { fontSize });
    this.size.fit();
  }
}

function inWords(bytes: number): string {
  return bytes >= 1024 * 1024 ? `${(bytes / 1024 / 1024).toFixed(1)} MiB` : bytes >= 1024 ? `${Math.round(bytes / 1024)} KiB` : `${bytes} bytes`;
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
