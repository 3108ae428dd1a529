import type { TerminalView } from "../terminals/view/terminal-view";
import type { Audience, AudienceNow } from "./audience";

/**
 * Keeps a terminal on a page at the size its program has, when that is another page's to decide, and says so in a
 * corner. The words lie over the terminal: were they beside it, they would change the size they speak of.
 */
export class SizeFollower {
  readonly #note = document.createElement("button");
  #shown = "";

  constructor(private readonly view: TerminalView, panel: HTMLElement, private readonly audience: Audience, private readonly isOwner: boolean) {
    this.#note.type = "button";
    this.#note.className = "sized-note";
    this.#note.hidden = true;
    this.#note.disabled = !isOwner;
    this.#note.addEventListener("click", () => {
      view.size.claim();
      view.focus();
    });
    panel.append(this.#note);
    audience.onChange(now => this.#apply(now));
  }

  #apply(now: AudienceNow): void {
    const you = this.audience.you;
    const leader = now.viewers.find(viewer => viewer.leads);
    // Somebody has to answer what a program asks of its terminal, and only one of all may.
    this.view.answers = this.isOwner && (you?.leads === true || !leader);
    // A link's page knows its size before it is among the viewers, and draws nothing at another.
    const follows = now.cols > 0 && (now.policy === "smallest" ? you !== undefined && now.viewers.length > 1 : !this.isOwner || leader !== undefined && you?.leads === false);
    this.view.size.follow(follows ? { cols: now.cols, rows: now.rows } : null, now.policy === "smallest");
    const size = `${now.cols}×${now.rows}`;
    const text = !follows || (now.policy === "smallest" && this.view.size.is(now)) ? ""
      : now.policy === "smallest" ? `${size}, the size of the smallest window`
        : this.isOwner ? `${size}, sized by another of your windows. Use this window's size` : `${size}, sized by the owner`;
    if (text !== this.#shown) {
      this.#shown = text;
      this.#note.textContent = text;
      this.#note.hidden = text === "";
    }
    this.#note.disabled = !this.isOwner || now.policy === "smallest";
  }
}
