import { make } from "../page/dom";
import type { HubLink } from "../terminals/session/hub-link";
import { clock } from "./cast";

/**
 * Shows viewers that a terminal is recorded: the hub reports it on attach and at every change. A dot goes on
 * the terminal's tab, and how long it has been into `status`, for the terminal that keys go to.
 */
export class RecordingSigns {
  onEnded: (terminal: string) => void = () => undefined;
  onChange: () => void = () => undefined;
  readonly #since = new Map<string, number>();
  readonly #items = new Map<string, HTMLElement>();
  readonly #pill: HTMLElement;
  readonly #time = document.createElement("span");
  #active: string | null = null;

  /** @param stop called by a click on the recording sign; null for a viewer who may only watch */
  constructor(link: HubLink, status: HTMLElement, stop: (() => void) | null = null) {
    this.#pill = stop ? make("button", "rec-pill") : make("span", "rec-pill");
    this.#pill.hidden = true;
    if (stop) {
      this.#pill.setAttribute("type", "button");
      this.#pill.setAttribute("aria-label", "Recording: stop it");
      this.#pill.setAttribute("aria-haspopup", "dialog");
      this.#pill.title = "Stop recording";
      this.#pill.addEventListener("click", stop);
    }
    this.#time.className = "rec-time";
    this.#pill.append(dot(), "Recording ", this.#time);
    status.append(this.#pill);
    link.onState(state => {
      if (state.kind === "connected") {
        // The hub reports it again on attach, unless it ended meanwhile.
        this.#since.clear();
        link.connection?.on?.("Recording", (terminal: string, seconds: number | null) => this.#changed(terminal, seconds));
        this.#show();
      }
    });
    setInterval(() => this.#tick(), 1000);
  }

  isRecorded(terminal: string): boolean {
    return this.#since.has(terminal);
  }

  /** A terminal's tab. */
  add(terminal: string, item: HTMLElement): void {
    this.#items.set(terminal, item);
    this.#show();
  }

  /** Its tab is gone from the page. */
  remove(terminal: string): void {
    this.#items.delete(terminal);
  }

  activate(terminal: string | null): void {
    this.#active = terminal;
    this.#show();
  }

  #changed(terminal: string, seconds: number | null): void {
    const was = this.#since.has(terminal);
    if (seconds === null) {
      this.#since.delete(terminal);
    } else {
      this.#since.set(terminal, Date.now() - 1000 * seconds);
    }
    this.#show();
    if (was && seconds === null) {
      this.onEnded(terminal);
    }
  }

  #show(): void {
    for (const [terminal, item] of this.#items) {
      const shown = item.querySelector(".rec-dot");
      if (!this.#since.has(terminal)) {
        shown?.remove();
      } else if (!shown) {
        const sign = dot();
        sign.setAttribute("role", "img");
        sign.setAttribute("aria-label", "Being recorded");
        sign.title = "Being recorded";
        item.prepend(sign);
      }
    }
    this.#tick();
    this.onChange();
  }

  #tick(): void {
    const since = this.#active === null ? undefined : this.#since.get(this.#active);
    this.#pill.hidden = since === undefined;
    if (since !== undefined) {
      this.#time.textContent = clock((Date.now() - since) / 1000);
    }
  }
}

function dot(): HTMLElement {
  const element = document.createElement("span");
  element.className = "rec-dot";
  return element;
}
