import { Unicode11Addon } from "@xterm/addon-unicode11";
import { WebLinksAddon } from "@xterm/addon-web-links";
import { type IBufferRange, type ITerminalOptions, Terminal } from "@xterm/xterm";
import { isDark, onThemeChange } from "../../page/theme-toggle";
import { startImages } from "../pictures/images";
import type { TerminalSink } from "../session/terminal-session";
import { plain } from "./osc";
import { OutputFeed } from "./output-feed";
import { onDensity, Painter } from "./painter";
import { paletteOf } from "./palettes";
import { fonts, type Preferences, preferences } from "./preferences";
import { muteReplies, Replay } from "./replies";
import { ScreenRestorer } from "./screen-restorer";
import { TerminalSearch } from "./terminal-search";
import { type Size, type SizeTeller, TerminalSize } from "./terminal-size";
import { WholeCharacters } from "./whole-characters";

/** One xterm on the page: the sink of a session. */
export class TerminalView implements TerminalSink {
  readonly terminal: Terminal;
  onTitle: (title: string) => void = () => undefined;
  /** Output was drawn. */
  onPrinted: () => void = () => undefined;
  /** Output was skipped: output before it is drawn, output after it is not yet. */
  onSkipped: () => void = () => undefined;
  /** A link was clicked. @param words its text on the screen */
  onLink: (link: string, words: string, event: MouseEvent) => void = () => undefined;
  /** Whether it answers the queries of programs: only one page of a terminal may. */
  answers = true;

  readonly size: TerminalSize;
  readonly search: TerminalSearch;
  readonly #painter: Painter;
  /** Called on dispose. */
  readonly #ends: (() => void)[];
  readonly #replay = new Replay();
  readonly #restorer: ScreenRestorer;
  readonly #characters = new WholeCharacters();
  readonly #feed: OutputFeed;
  readonly #status = document.createElement("div");

  /**
   * Needs no session yet. Made after {@link painterReady}, it keeps its size.
   * @param size while the element is not visible
   */
  constructor(readonly element: HTMLElement, size?: Size) {
    this.terminal = new Terminal({
      ...size,
      ...chosen(preferences.now),
      allowProposedApi: true,
      // xterm logs every invalid byte otherwise, which is slow, and programs may print anything.
      logLevel: "off",
      macOptionIsMeta: true,
      rightClickSelectsWord: false,
      // Programs that print images ask how many pixels they have.
      windowOptions: { getWinSizePixels: true, getCellSizePixels: true, getWinSizeChars: true },
      linkHandler: {
        activate: (event, uri, range) => this.#follow(uri, this.#words(range), event),
        hover: (_event, uri) => this.#hint(uri),
        leave: () => this.#hint(null),
        // The handler of the click decides which links open.
        allowNonHttpProtocols: true,
      },
    });
    this.terminal.loadAddon(new Unicode11Addon());
    this.terminal.unicode.activeVersion = "11";
    this.terminal.loadAddon(new WebLinksAddon((event, uri) => this.#follow(uri, uri, event), { hover: (_event, uri) => this.#hint(uri), leave: () => this.#hint(null) }));
    // The fit addon counts padding as space, so the padding is outside.
    const room = document.createElement("div");
    room.className = "ws-room";
    element.append(room);
    this.terminal.open(room);
    this.#restorer = new ScreenRestorer(this.terminal, () => this.size.fit());
    this.size = new TerminalSize(element, this.terminal, () => this.#restorer.isDrawing);
    this.search = new TerminalSearch(this.terminal);
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

    this.terminal.onTitleChange(title => this.onTitle(title));
  }

  /** @param replay whether the first output was shown before, on this or another page */
  use(teller: SizeTeller, replay: boolean): void {
    if (replay) {
      this.#replay.begin();
    } else {
      this.#replay.end();
    }
    this.size.use(teller);
  }

  write(data: Uint8Array, parsed: () => void): void {
    this.#restorer.inTurn(() =>
      this.#feed.write(data, () => {
        parsed();
        this.onPrinted();
        this.#replay.printed();
      }));
  }

  screen(data: Uint8Array, size: Size, skipped: number, parsed: () => void): void {
    const text = skipped > 0 ? `${inWords(skipped)} of output were skipped; this is the current screen` : "Earlier output was discarded";
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

  /** Whether the output being drawn was shown before, on this or another page. */
  get isReplaying(): boolean {
    return this.#replay.isOn || this.#restorer.isSilent;
  }

  /** Whether xterm answers bytes of a restored screen now, so that its data is not input. */
  get isSilent(): boolean {
    return this.#restorer.isSilent;
  }

  focus(): void {
    this.terminal.focus();
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

  /** Applies the visitor's preferences; xterm detects what changed. */
  #choose(): void {
    const { fontSize, ...rest } = chosen(preferences.now);
    Object.assign(this.terminal.options, rest, this.size.isFollowing ? {} : { fontSize });
    this.size.fit();
  }
}

function inWords(bytes: number): string {
  return bytes >= 1024 * 1024 ? `${(bytes / 1024 / 1024).toFixed(1)} MiB` : bytes >= 1024 ? `${Math.round(bytes / 1024)} KiB` : `${bytes} bytes`;
}

/** The preferences as xterm's options. */
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
