import type { Terminal } from "@xterm/xterm";
import { readClipboard } from "../../page/clipboard";
import { toast } from "../../page/toast";
import { preferences } from "../view/preferences";
import { harmless, lineCount } from "./paste";

/** Pastes into one terminal: text, or what is on the clipboard. */
export class Paster {
  /** Whether xterm's data is pasted text now. */
  isPasting = false;
  /** Whether Enter was pressed and there was no output since. */
  #entered = false;

  constructor(element: HTMLElement, private readonly terminal: Terminal) {
    element.addEventListener("paste", event => {
      const text = event.clipboardData?.getData("text/plain");
      if (text) {
        event.preventDefault();
        event.stopPropagation();
        void this.paste(text);
      }
    }, { capture: true });
  }

  typed(text: string): void {
    this.#entered ||= text.includes("\r");
  }

  printed(): void {
    this.#entered = false;
  }

  /** Pastes text. Asks first if a prompt would run each of several lines. */
  async paste(text: string): Promise<void> {
    if (text === "" || this.terminal.options.disableStdin) {
      return;
    }
    const { buffer, modes } = this.terminal;
    // A prompt has text before the cursor. A program that reads from the start of a line, as cat does, needs no question.
    const prompts = buffer.active.type === "normal" && buffer.active.cursorX > 0 && !this.#entered;
    if (prompts && !modes.bracketedPasteMode && preferences.now.askPaste && lineCount(text) > 1) {
      const dialog = await pasteDialog();
      const yes = await dialog?.askLines(text);
      this.terminal.focus();
      if (!yes) {
        return;
      }
    }
    this.put(text);
  }

  /** Pastes text without a question: the visitor asked for it by a click on it. */
  put(text: string): void {
    this.isPasting = true;
    this.terminal.paste(harmless(text));
    this.isPasting = false;
  }

  /** Pastes the clipboard. If the page cannot read it, the visitor pastes into a box. */
  async pasteClipboard(): Promise<void> {
    if (this.terminal.options.disableStdin) {
      return;
    }
    let text = await readClipboard();
    if (text === null) {
      const dialog = await pasteDialog();
      text = await dialog?.askText() ?? null;
      this.terminal.focus();
    }
    await this.paste(text ?? "");
  }
}

/** Null, with a message, if it cannot be loaded. */
async function pasteDialog(): Promise<typeof import("./paste-dialog") | null> {
  try {
    return await import("./paste-dialog");
  } catch {
    toast("Nothing was pasted: the server cannot be reached. Check your connection.", "error");
    return null;
  }
}
