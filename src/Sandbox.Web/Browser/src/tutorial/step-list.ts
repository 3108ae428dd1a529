import { writeClipboard } from "../page/clipboard";
import { icon, make } from "../page/dom";
import { toast } from "../page/toast";
import { isReached, progressOf, type Run, type RunStep, stepWords, titleOf } from "./run/run-api";

const states: Record<RunStep["state"], { sign: string; words: string }> = {
  ahead: { sign: "○", words: "not begun" },
  current: { sign: "●", words: "open" },
  passed: { sign: "✓", words: "done" },
  skipped: { sign: "–", words: "skipped" },
};

/** The steps of a tutorial with their states, behind a button that names the shown one. */
export class StepList {
  readonly button = make("button", "tut-steps");
  readonly #menu = make("div", "menu tut-menu");
  readonly #bar = document.createElement("progress");
  #drawn = "";
  readonly element = make("div", "tut-progress", this.button, this.#bar);

  constructor(private readonly show: (step: number) => void, private readonly report: () => void, host: HTMLElement) {
    this.button.type = "button";
    this.#menu.id = "tut-menu";
    this.#menu.popover = "auto";
    this.button.popoverTargetElement = this.#menu;
    this.#bar.setAttribute("aria-label", "Progress of the tutorial");
    this.#menu.addEventListener("toggle", event => {
      const opens = (event as ToggleEvent).newState === "open";
      this.button.setAttribute("aria-expanded", String(opens));
      if (opens) {
        const box = this.button.getBoundingClientRect();
        this.#menu.style.inset = `${box.bottom + 4}px auto auto ${box.left}px`;
        this.#menu.querySelector<HTMLElement>("[aria-current]")?.focus();
      }
    });
    host.append(this.#menu);
  }

  draw(run: Run, shown: number): void {
    // A button that is replaced while it is pressed gets no click.
    const drawn = JSON.stringify([run, shown]);
    if (drawn === this.#drawn) {
      return;
    }
    this.#drawn = drawn;
    const words = stepWords(run, run.steps[shown - 1]!);
    if (this.button.textContent !== words) {
      this.button.replaceChildren(make("span", "", words), icon("down"));
      this.button.setAttribute("aria-label", `${words}: all steps`);
    }
    this.#bar.max = 1;
    this.#bar.value = progressOf(run);
    this.#menu.replaceChildren(...run.steps.map(each => this.#item(run, each, each.number === shown)),
      document.createElement("hr"),
      this.#act("Report this step", this.report),
      this.#act("Copy a link to continue on another device", () => {
        void writeClipboard(`${location.origin}/t/resume/${encodeURIComponent(run.resumeCode)}`)
          .then(done => done ? toast("Copied. The link continues this tutorial on another device.") : toast("The browser blocked copying", "error"));
      }));
  }

  #act(label: string, run: () => void): HTMLElement {
    const item = make("button", "", label);
    item.type = "button";
    item.addEventListener("click", () => {
      this.#menu.hidePopover();
      run();
    });
    return item;
  }

  #item(run: Run, step: RunStep, isShown: boolean): HTMLElement {
    const { sign, words } = states[step.state];
    const mark = make("span", "tut-sign", sign);
    mark.setAttribute("aria-hidden", "true");
    const item = make("button", "tut-step", mark, make("span", "tut-step-title", titleOf(run, step.title)), make("span", "hidden-text", `, ${words}`));
    item.type = "button";
    item.dataset["state"] = step.state;
    item.disabled = run.gated && !isReached(run, step);
    if (isShown) {
      item.setAttribute("aria-current", "step");
    }
    item.addEventListener("click", () => {
      this.#menu.hidePopover();
      this.show(step.number);
    });
    return item;
  }
}
