import type { Playground } from "../page/api";

/** The tab's title: a visitor who waits in the queue looks at other tabs meanwhile, and sees there when their turn comes. */
export class TabTitle {
  readonly #own = document.title;
  #waited = false;

  constructor() {
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden && !this.#waited) {
        document.title = this.#own;
      }
    });
  }

  show({ queue, state }: Pick<Playground, "queue" | "state">): void {
    if (queue) {
      this.#waited = true;
      document.title = `Place ${queue.place} · ${this.#own}`;
    } else if (this.#waited && state !== "queued" && state !== "starting") {
      this.#waited = false;
      document.title = document.hidden ? `${state === "ended" ? "Not started" : "Started"} · ${this.#own}` : this.#own;
    }
  }
}
