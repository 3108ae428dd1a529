import type { Terminal } from "@xterm/xterm";
import { once } from "../../page/once";
import { isDark } from "../../page/theme-toggle";
import { paletteOf } from "./palettes";
import { preferences } from "./preferences";

export interface FindOptions {
  readonly caseSensitive: boolean;
  readonly wholeWord: boolean;
  readonly regex: boolean;
}

/** A letter of a word, as the addon sees it: none of what it takes for the end of one. */
const letter = "[^ ~!@#$%^&*()+`\\-=[\\]{}|\\\\;:\"',./<>?]";

/** The addon looks at one place of a line, and leaves the line when that is only a part of a word: so it gets a pattern of whole words alone. */
export function wholeWords(text: string, isPattern: boolean): string {
  return `(?<!${letter})(?:${isPattern ? text : text.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&")})(?!${letter})`;
}

/** The place that is shown, on every background; xterm draws its selection over the addon's own mark. */
const shownPlace = { selectionBackground: "#ffb224", selectionInactiveBackground: "#ffb224", selectionForeground: "#1d1300" };

/** Finds text in a terminal, with an addon that is loaded for the first search. */
export class TerminalSearch {
  /** @param index of the place that is shown, from 0; less where there are too many to count */
  onFound: (index: number, count: number) => void = () => undefined;
  readonly #load = once(async (most: number) => {
    const { SearchAddon } = await import("@xterm/addon-search");
    const addon = new SearchAddon({ highlightLimit: most });
    this.terminal.loadAddon(addon);
    addon.onDidChangeResults(({ resultIndex, resultCount }) => this.onFound(resultIndex, resultCount));
    return addon;
  });
  #how = "";

  constructor(private readonly terminal: Terminal) {}

  /**
   * Goes to the place with a text before the one that is shown, the newest at first, or to the one after, and marks up to
   * `most` of them; an empty text takes the marks away.
   */
  async find(text: string, how: FindOptions & { onwards?: boolean }, most: number): Promise<void> {
    const addon = await this.#load(most);
    this.#colour(text !== "");
    if (text === "") {
      addon.clearDecorations();
      // Nothing, but selected: what is only cleared, xterm's elements draw again at the next fit.
      this.terminal.select(0, 0, 0);
      return;
    }
    // The addon by itself goes on marking what was found otherwise.
    const manner = [how.caseSensitive, how.wholeWord, how.regex].join();
    if (manner !== this.#how) {
      this.#how = manner;
      addon.clearDecorations();
    }
    const { colours } = paletteOf(preferences.now.theme, isDark());
    const options = {
      ...how,
      decorations: {
        matchBackground: colours.selectionBackground!, matchOverviewRuler: colours.cursor!,
        activeMatchBackground: shownPlace.selectionBackground, activeMatchBorder: colours.foreground!, activeMatchColorOverviewRuler: colours.cursor!,
      },
    };
    const [sought, manners] = how.wholeWord ? [wholeWords(text, how.regex), { ...options, regex: true }] : [text, options];
    if (how.onwards) {
      addon.findNext(sought, manners);
    } else {
      addon.findPrevious(sought, manners);
    }
  }

  /** Colours the selection as the shown match while searching. */
  #colour(searches: boolean): void {
    if (searches !== (this.terminal.options.theme?.selectionForeground === shownPlace.selectionForeground)) {
      const { colours } = paletteOf(preferences.now.theme, isDark());
      this.terminal.options.theme = searches ? { ...colours, ...shownPlace } : colours;
    }
  }
}
