import { make } from "../page/dom";
import type { BuildEvent } from "./build-stream";

/** Lines of one step that stay on the page. */
const mostLines = 1000;

/** The steps of a build, each with what its programs printed. */
export class Steps {
  private _item: HTMLLIElement | null = null;
  private _log: HTMLPreElement | null = null;
  private _lines: string[] = [];
  private _painting = false;

  constructor(private readonly _list: HTMLElement) {
    _list.replaceChildren();
  }

  add(happened: BuildEvent): void {
    switch (happened.type) {
      case "step":
        this.end("done");
        this._begin(happened);
        break;
      case "log":
        this._print(happened.text ?? "");
        break;
      case "warning":
        this._list.append(make("li", "build-warning", happened.text ?? ""));
        break;
    }
  }

  /** The step that runs is over. */
  end(state: "done" | "failed"): void {
    if (this._item) {
      this._item.dataset["state"] = state;
      this._item.querySelector(".build-state")!.textContent = state === "done" ? "done" : "failed";
      const details = this._item.querySelector("details");
      if (details && state === "done") {
        details.open = false;
      }
    }
    this._paint();
  }

  private _begin(happened: BuildEvent): void {
    const place = `${(happened.stages ?? 1) > 1 ? `Stage ${happened.stage} of ${happened.stages}, step` : "Step"} ${happened.step} of ${happened.steps}`;
    const head = make("p", "build-head", make("span", "build-state", "running"), make("code", "", happened.instruction ?? ""), make("span", "hint", place));
    this._item = make("li", "build-item", head);
    this._item.dataset["state"] = "running";
    this._lines = [];
    this._log = null;
    this._list.append(this._item);
    this._item.scrollIntoView({ block: "nearest" });
  }

  private _print(text: string): void {
    if (!this._item) {
      return;
    }
    if (!this._log) {
      this._log = make("pre", "");
      this._log.tabIndex = 0;
      const details = make("details", "", make("summary", "", "Output"), this._log);
      details.open = true;
      this._item.append(details);
    }
    this._lines.push(...text.replace(/\n$/, "").split("\n"));
    this._lines.splice(0, Math.max(0, this._lines.length - mostLines));
    if (!this._painting) {
      this._painting = true;
      requestAnimationFrame(() => this._paint());
    }
  }

  private _paint(): void {
    this._painting = false;
    if (this._log) {
      this._log.textContent = this._lines.join("\n");
      this._log.scrollTop = this._log.scrollHeight;
    }
  }
}
