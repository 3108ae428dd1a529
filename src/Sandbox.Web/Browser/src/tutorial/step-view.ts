import { make } from "../page/dom";
import { startBlocks } from "./blocks/live-blocks";
import type { TutorialPlace } from "./run/place";
import type { RanBlocks } from "./run/ran-blocks";
import { type Page, type Run, type RunApi, titleOf } from "./run/run-api";

/** The text of one step, with its blocks alive. */
export class StepView {
  readonly element = make("article", "tut-text");
  readonly heading = make("h2", "");
  readonly #abort = new AbortController();

  constructor(page: Page, run: Run, api: RunApi, place: TutorialPlace, ran: RanBlocks, announce: (text: string) => void, changed: (run: Run) => void) {
    const title = titleOf(run, page.title);
    this.heading.textContent = title;
    this.heading.tabIndex = -1;
    const text = make("div", "tut-prose");
    // Sanitised by the server (StepRenderer), which puts its own elements for blocks into it.
    text.innerHTML = page.html;
    // The step's title stands above it already.
    const first = text.querySelector("h1, h2");
    if (first?.textContent?.trim() === title.trim() && text.firstElementChild === first) {
      first.remove();
    }
    startBlocks(text, page, {
      api, place, ran, step: page.number, editorPath: run.layout.editorPath, parameters: run.parameters, announce, changed, signal: this.#abort.signal,
    });
    this.element.append(this.heading, text);
  }

  dispose(): void {
    this.#abort.abort();
    this.element.remove();
  }
}
