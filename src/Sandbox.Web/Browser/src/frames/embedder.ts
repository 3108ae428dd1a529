import type { ToElement, ToFrame } from "../embed/messages";

/** The page around a frame of ours. It is anybody's: what it says is a wish, and what it hears is no secret. */
export class Embedder {
  onMessage: (message: ToFrame) => void = () => undefined;

  constructor() {
    window.addEventListener("message", event => {
      // Only the page that framed us; neither a frame beside us nor one within. By itself, opened in a tab, there is none.
      const message = event.data as ToFrame | null;
      if (event.source === window.parent && window.parent !== window && typeof message === "object" && message !== null && typeof message.sandbox === "string") {
        this.onMessage(message);
      }
    });
  }

  say(message: ToElement): void {
    if (window.parent !== window) {
      // The browser let this page frame us (frame-ancestors), so it is the one that may know. It need not have an origin.
      window.parent.postMessage(message, "*");
    }
  }
}
