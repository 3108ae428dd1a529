import { writeClipboard } from "../../page/clipboard";
import { toast } from "../../page/toast";
import { zoomText } from "../view/preferences";
import type { TerminalView } from "../view/terminal-view";
import { Paster } from "./paster";
import { tellKeys } from "./tell-keys";

const encoder = new TextEncoder();

/** Where input goes: the session of a terminal. */
export interface InputSink {
  type(bytes: Uint8Array): boolean;
}

/** Input of one terminal: keys, pastes and the page's own shortcuts. */
export class Keyboard {
  readonly paster: Paster;
  onFind: () => void = () => undefined;
  onLeave: () => void = () => undefined;
  /** Moves the focus to a question below the terminal; false if there is none. */
  onQuestions: () => boolean = () => false;
  /** Changes typed text before it is sent, for the sticky keys of the key bar. */
  transform: (text: string) => string = text => text;
  #sink: InputSink | null = null;

  constructor(private readonly view: TerminalView) {
    const { terminal } = view;
    this.paster = new Paster(view.element, terminal);
    view.onPrinted = () => this.paster.printed();
    terminal.onData(text => {
      if (view.isSilent) {
        return;
      }
      this.paster.typed(text);
      this.#sink?.type(encoder.encode(this.paster.isPasting ? text : this.transform(text)));
    });
    terminal.onBinary(text => this.#sink?.type(Uint8Array.from(text, letter => letter.charCodeAt(0))));
    terminal.attachCustomKeyEventHandler(event => this.#key(event));
  }

  use(sink: InputSink): void {
    this.#sink = sink;
  }

  /** Types the characters of a key. */
  press(keys: string): void {
    this.view.terminal.input(keys, true);
  }

  focus(): void {
    this.view.focus();
  }

  /** Whether a key that has a form of its own for programs in full screen sends that one. */
  get usesApplicationKeys(): boolean {
    return this.view.terminal.modes.applicationCursorKeysMode;
  }

  #key(event: KeyboardEvent): boolean {
    if (event.type !== "keydown" || !event.ctrlKey || event.altKey || event.metaKey) {
      return true;
    }
    // Ctrl+Shift+Minus is undo in a shell.
    const zoom = { "+": 1, "=": 1, "-": -1, "0": 0 }[event.key];
    if (zoom !== undefined) {
      event.preventDefault();
      toast(`Text size ${zoomText(zoom)}`);
      return false;
    }
    const { terminal } = this.view;
    if (!event.shiftKey) {
      // Programs need Ctrl+C and Ctrl+V. A visitor who expects them to copy and paste is told the right keys once.
      if (event.key === "v" || event.key === "c" && terminal.hasSelection()) {
        tellKeys();
      }
      return true;
    }
    switch (event.code) {
      case "KeyC":
        if (terminal.hasSelection()) {
          event.preventDefault();
          void writeClipboard(terminal.getSelection()).then(done => done || toast("The browser blocked copying", "error"));
        }
        return false;
      case "KeyV":
        // The browser pastes after this; xterm adds the brackets.
        return false;
      case "KeyF":
        event.preventDefault();
        this.onFind();
        return false;
      case "ArrowUp":
        // Tab belongs to the shell, so the focus needs another way out.
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
}
