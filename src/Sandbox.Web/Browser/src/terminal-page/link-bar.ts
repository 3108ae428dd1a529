import type { HubLink } from "../terminals/session/hub-link";

/** Says that the connection is lost and when it is tried again. Short losses go by unseen. */
export class LinkBar {
  readonly #words = new Text();
  /** Not read out: it is another one each second. */
  readonly #seconds = document.createElement("span");
  #timer = 0;
  #shownAt = 0;

  constructor(private readonly element: HTMLElement, private readonly link: HubLink) {
    this.#seconds.setAttribute("aria-hidden", "true");
    element.querySelector("span")!.append(this.#words, this.#seconds, "…");
    element.querySelector("button")!.addEventListener("click", () => link.retryNow());
    link.onState(() => this.#render());
  }

  #render(): void {
    clearTimeout(this.#timer);
    const state = this.link.state;
    switch (state.kind) {
      case "connected":
        this.element.hidden = true;
        this.#shownAt = 0;
        break;
      case "idle":
      case "closed":
        this.element.hidden = true;
        break;
      case "connecting":
        this.#shownAt ||= Date.now();
        if (!this.element.hidden || this.#isOffline()) {
          this.#say(this.#lost());
          this.element.hidden = false;
        } else {
          this.#timer = window.setTimeout(() => {
            this.#say("Connecting");
            this.element.hidden = false;
          }, 1500);
        }
        break;
      case "waiting": {
        const seconds = Math.max(0, Math.ceil((state.retryAt - Date.now()) / 1000));
        if (this.#isOffline() || Date.now() - this.#shownAt > 600) {
          this.element.hidden = false;
        }
        this.#say(this.#lost(), seconds);
        this.#timer = window.setTimeout(() => this.#render(), 250);
        break;
      }
    }
  }

  /** Where there is no network, nobody has to wait to see whether the loss is a short one. */
  #isOffline(): boolean {
    return !navigator.onLine;
  }

  #lost(): string {
    return this.#isOffline() ? "This device is offline. Reconnecting" : "Connection lost. Reconnecting";
  }

  #say(words: string, seconds = 0): void {
    if (this.#words.data !== words) {
      this.#words.data = words;
    }
    this.#seconds.textContent = seconds > 0 ? ` in ${seconds} s` : "";
  }
}
