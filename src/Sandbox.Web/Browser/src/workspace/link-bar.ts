import type { HubLink } from "../terminals/hub-link";

/** Says that the connection is lost and when it is tried again. Short losses go by unseen. */
export class LinkBar {
  #timer = 0;
  #shownAt = 0;

  constructor(private readonly element: HTMLElement, private readonly link: HubLink) {
    element.querySelector("button")!.addEventListener("click", () => link.retryNow());
    link.onState(() => this.#render());
  }

  #render(): void {
    clearTimeout(this.#timer);
    const text = this.element.querySelector("span")!;
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
        if (!this.element.hidden) {
          text.textContent = "Connection lost. Reconnecting…";
        } else {
          this.#timer = window.setTimeout(() => {
            text.textContent = "Connecting…";
            this.element.hidden = false;
          }, 1500);
        }
        break;
      case "waiting": {
        const seconds = Math.max(0, Math.ceil((state.retryAt - Date.now()) / 1000));
        if (Date.now() - this.#shownAt > 600) {
          this.element.hidden = false;
        }
        text.textContent = seconds > 0 ? `Connection lost. Reconnecting in ${seconds} s…` : "Connection lost. Reconnecting…";
        this.#timer = window.setTimeout(() => this.#render(), 250);
        break;
      }
    }
  }
}
