import type { Terminal } from "@xterm/xterm";
import { once } from "../once";
import { isDark } from "../theme-toggle";
import { paletteOf } from "./palettes";
import { preferences } from "./preferences";

export interface FindOptions {
  readonly caseSensitive: boolean;
  readonly wholeWord: boolean;
  readonly regex: boolean;
}

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

  /** Goes to the next place with a text, or the one before, and marks up to `most` of them; an empty text takes the marks away. */
  async find(text: string, how: FindOptions & { backwards?: boolean; incremental?: boolean }, most: number): Promise<void> {
    const addon = await this.#load(most);
    if (text === "") {
      addon.clearDecorations();
      this.terminal.clearSelection();
      return;
    }
    // The addon by itself goes on marking what was found otherwise.
    const manner = [how.caseSensitive, how.wholeWord, how.regex].join();
    if (manner !== this.#how) {
      this.#how = manner;
      addon.clearDecorations();
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
      addon.findPrevious(text, options);
    } else {
      addon.findNext(text, options);
    }
  }
}
