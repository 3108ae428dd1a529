import type { TerminalView } from "../terminals/view/terminal-view";
import type { Audience, AudienceNow } from "./audience";

/**
 * Shows a terminal at the size that another page decides, with a note in a corner. The note lies over the terminal, so
 * that it does not change the size.
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
    // Exactly one viewer answers the queries of programs.
    this.view.answers = this.isOwner && (you?.leads === true || !leader);
    // A shared page gets the size before it is a viewer, so that it draws at no other size.
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
