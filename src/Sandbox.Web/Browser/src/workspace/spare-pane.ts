import { make } from "../page/dom";
import type { TerminalPane } from "../terminals/terminal-pane";
import { painterReady } from "../terminals/view/painter";

/**
 * The pane of a terminal that does not exist yet. It is made while the sandbox is made, so that the shell starts with its
 * final size and the visitor does not wait for the view.
 */
export class SparePane {
  #pane: TerminalPane | null = null;

  constructor(private readonly create: (element: HTMLElement) => TerminalPane) {}

  get pane(): TerminalPane | null {
    return this.#pane;
  }

  /** Shows the pane, and makes it first if there is none. Does nothing without a place for it. */
  async prepare(place: () => HTMLElement | null | undefined): Promise<void> {
    await painterReady;
    const body = place();
    if (!body) {
      return;
    }
    if (this.#pane) {
      // The stage pane around it may have gone since.
      body.append(this.#pane.element);
      return;
    }
    const element = make("div", "ws-terminal");
    body.append(element);
    this.#pane = this.create(element);
  }

  /** Hands the pane over, out of the document. */
  take(): TerminalPane | null {
    const pane = this.#pane;
    this.#pane = null;
    pane?.element.remove();
    return pane;
  }
}
