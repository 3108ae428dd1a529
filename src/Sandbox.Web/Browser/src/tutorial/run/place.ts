import type { TerminalPane } from "../../terminals/terminal-pane";

/** A terminal that a tutorial types into. */
export interface PlaceTerminal {
  readonly id: string;
  readonly name: string;
  readonly pane: TerminalPane;
}

/** The workspace around a tutorial. */
export interface TutorialPlace {
  readonly playground: string;
  /** All open terminals in the order in which they were opened. */
  terminals(): readonly PlaceTerminal[];
  /** The terminal that keys went to last. */
  active(): PlaceTerminal | null;
  /** A terminal by its number from 1 among those of a machine, opened if it is absent; of all machines where the block names none. */
  numbered(number: number, host?: number): Promise<PlaceTerminal>;
  /** The terminal of that number, if it is open. */
  found(number: number, host?: number): PlaceTerminal | null;
  /** The name of a machine by its number from 1; null where the playground has one machine. */
  machine(host: number | undefined): string | null;
  /** A terminal by its name, opened if it is absent. */
  named(name: string): Promise<PlaceTerminal>;
  /** One more terminal. */
  another(): Promise<PlaceTerminal>;
  /** Lets a terminal be seen; the focus stays where it is. */
  show(terminal: PlaceTerminal): void;
  /** Calls back for every terminal, now and later. Returns a function that ends it. */
  onTerminal(listener: (terminal: PlaceTerminal) => void): () => void;
  /** Calls back when keys go to another terminal. Returns a function that ends it. */
  onActive(listener: () => void): () => void;
  /** Opens a file in the editor; relative paths begin at `from`. */
  edit(path: string, from: string, line: number | null): Promise<void>;
  /** Shows the editor with its tree at a directory. */
  showEditor(): void;
  /** A link that opens a port of a machine, without words; null while there is no sandbox. */
  portLink(port: number, path: string, host?: number): HTMLAnchorElement | null;
  /** A file was written: the editor loads it again. */
  wrote(path: string): void;
  /** The words of the button that keeps the sandbox after the last step. */
  readonly keepWords: string;
  /** Keeps the sandbox. */
  keep(): void;
  /** The tutorial goes on in another playground: that of a step that was begun again. */
  moved(playground: { readonly id: string; readonly url: string }): void;
  /** The page shows another step, whose words are for the switch of a phone. */
  stepShown(words: string): void;
}
