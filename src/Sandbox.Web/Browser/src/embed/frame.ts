import type { ToElement, ToFrame } from "./messages";
import { server } from "./server";

/** A frame that says nothing for so many ms was refused by the browser, or the server cannot be reached. */
const patience = 15_000;
/** After the frame has loaded something it says so at once, if it is ours. */
const patienceAfterLoad = 4000;

/** A frame of ours on somebody's page: made for one element, and gone with it. */
export class Frame {
  readonly element = document.createElement("iframe");
  #ready = false;
  #timer = 0;
  readonly #waiting: ToFrame[] = [];
  readonly #hear = (event: MessageEvent): void => this.#message(event);

  constructor(address: string, title: string, private readonly on: { heard(message: ToElement): void; silent(): void }) {
    const { element } = this;
    element.src = address;
    element.title = title;
    element.allow = "clipboard-read; clipboard-write";
    // Only the origin of the page, and not its address, reaches the server.
    element.referrerPolicy = "origin";
    window.addEventListener("message", this.#hear);
    element.addEventListener("load", () => this.#expect(patienceAfterLoad));
    this.#expect(patience);
  }

  /** Says something to the frame, as soon as it listens. */
  say(message: ToFrame): void {
    if (this.#ready) {
      // In a page without an origin our frame has none either, and could not be named. Nothing that is said is a secret.
      this.element.contentWindow?.postMessage(message, window.origin === "null" ? "*" : server);
    } else {
      this.#waiting.push(message);
    }
  }

  dispose(): void {
    clearTimeout(this.#timer);
    window.removeEventListener("message", this.#hear);
    this.element.remove();
  }

  /** It was moved within the page, and the browser loads it again. */
  reloading(): void {
    this.#ready = false;
    this.#expect(patience);
  }

  #expect(ms: number): void {
    clearTimeout(this.#timer);
    if (!this.#ready) {
      this.#timer = window.setTimeout(() => this.on.silent(), ms);
    }
  }

  #message(event: MessageEvent): void {
    if (event.source !== this.element.contentWindow || event.origin !== server && !(event.origin === "null" && window.origin === "null")) {
      return;
    }
    const message = event.data as ToElement | null;
    if (typeof message !== "object" || message === null || typeof message.sandbox !== "string") {
      return;
    }
    if (message.sandbox === "ready") {
      clearTimeout(this.#timer);
      this.#ready = true;
      for (const waiting of this.#waiting.splice(0)) {
        this.say(waiting);
      }
    }
    this.on.heard(message);
  }
}
