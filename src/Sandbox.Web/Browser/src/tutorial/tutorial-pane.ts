import { Problem } from "../page/api";
import { confirmed } from "../page/confirm";
import { make, outside, textButton } from "../page/dom";
import { output, showAssertions, showCheck, showNote, showProblem } from "./check-result";
import { finishOf, isFinished } from "./finish";
import type { TutorialPlace } from "./run/place";
import { RanBlocks } from "./run/ran-blocks";
import { openReport } from "./report";
import { type Checked, isReached, type Run, RunApi, type RunStep, stepWords } from "./run/run-api";
import { StepList } from "./step-list";
import { StepView } from "./step-view";

/** The instructions of a tutorial beside the terminals: one step at a time. The server's state of the run wins. */
export class TutorialPane {
  readonly #api: RunApi;
  readonly #ran: RanBlocks;
  readonly #list: StepList;
  readonly #body = make("div", "tut-body");
  readonly #away = make("div", "tut-away");
  readonly #setup = make("div", "tut-setup");
  readonly #extra = make("div", "tut-extra");
  readonly #result = make("div", "tut-result");
  readonly #live = make("span", "hidden-text");
  readonly #actions = make("div", "tut-actions");
  readonly #dashboards = make("nav", "tut-dashboards");
  readonly #others: BroadcastChannel | null;
  readonly #abort = new AbortController();
  #run!: Run;
  #view: StepView | null = null;
  #shown = 0;
  #isBusy = false;
  /** Another page went on while this one was busy. */
  #isBehind = false;
  #generation = 0;
  /** The buttons and the end that are drawn, and what the buttons do. */
  #drawnButtons = "";
  #drawnFinish = "";
  readonly #runs = new Map<string, () => Promise<void>>();

  constructor(element: HTMLElement, private readonly place: TutorialPlace) {
    this.#api = new RunApi(place.playground);
    this.#ran = new RanBlocks(place.playground);
    this.#list = new StepList(step => void this.#show(step), () => openReport(this.#api, this.#run, this.#step, this.#last?.command ?? null), element);
    for (const live of [this.#result, this.#live, this.#setup]) {
      live.setAttribute("role", "status");
    }
    this.#away.hidden = this.#setup.hidden = true;
    element.append(
      make("header", "tut-head", this.#list.element, this.#dashboards),
      this.#body,
      make("footer", "tut-foot", this.#result, this.#actions, this.#live));
    this.#body.tabIndex = -1;
    this.#body.append(this.#away, this.#setup, this.#extra);
    this.#others = channelOf(`tutorial-${place.playground}`);
    this.#others?.addEventListener("message", () => void this.refresh());
    const { signal } = this.#abort;
    window.addEventListener("focus", () => void this.refresh(), { signal });
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) {
        void this.refresh();
      }
    }, { signal });
  }

  /** Shows the step that is open. */
  async begin(): Promise<void> {
    try {
      this.#run = await this.#api.find();
    } catch (error) {
      showProblem(this.#result, error);
      this.#offer(textButton("Try again", () => void this.begin(), "primary"));
      return;
    }
    const { layout } = this.#run;
    this.#dashboards.setAttribute("aria-label", "Pages of the tutorial");
    this.#dashboards.replaceChildren(...layout.dashboards.flatMap(({ name, port, url }) => {
      const link = port ? this.place.portLink(port, "/") : url && /^https?:\/\//i.test(url) ? outside(url) : null;
      link?.append(name);
      return link ?? [];
    }));
    if (layout.editor || layout.openFiles.length > 0) {
      this.place.showEditor();
      for (const file of layout.openFiles) {
        await this.place.edit(file, layout.editorPath, null);
      }
    }
    if (this.#run.steps.every(step => step.state === "ahead" || step.state === "current")) {
      await this.#layOut(layout).catch(() => undefined);
    }
    await this.#show(this.#run.current, false);
  }

  /** Opens the terminals that the author wants, and shows the welcome in the first. */
  async #layOut({ terminals, welcome }: Run["layout"]): Promise<void> {
    if (terminals > 1) {
      await this.place.numbered(terminals);
    }
    const first = await this.place.numbered(1);
    if (welcome && first.pane.commands.log.commands.length === 0) {
      // A program in the sandbox could print it as well. The shell prints another prompt after it.
      first.pane.view.terminal.write(`\r\n${welcome.replace(/\r?\n/g, "\r\n")}`);
      first.pane.session.type(new TextEncoder().encode("\r"));
    }
    if (terminals > 1) {
      this.place.show(first);
    }
  }

  /** Another page of the same tutorial may have gone on: its state is shown. */
  async refresh(): Promise<void> {
    if (this.#isBusy || !this.#run) {
      this.#isBehind = true;
      return;
    }
    const before = this.#run;
    const now = await this.#api.find().catch(() => null);
    if (this.#isBusy) {
      this.#isBehind = true;
      return;
    }
    if (!now || JSON.stringify(now) === JSON.stringify(this.#run)) {
      return;
    }
    this.#run = now;
    if (now.current !== before.current && this.#shown === before.current) {
      await this.#show(now.current, false);
    } else if (JSON.stringify(now.parameters) !== JSON.stringify(before.parameters)) {
      await this.#show(this.#shown, false);
    } else {
      this.#draw();
    }
  }

  /** Its playground is another one's now. */
  dispose(): void {
    this.#generation++;
    this.#isBusy = true;
    this.#abort.abort();
    this.#others?.close();
    this.#view?.dispose();
  }

  focus(): void {
    (this.#view?.heading ?? this.#body).focus();
  }

  async #show(number: number, focuses = true): Promise<void> {
    const generation = ++this.#generation;
    this.#isBusy = true;
    this.#clear();
    showNote(this.#result, "busy", "Loading the step");
    try {
      const page = await this.#api.page(number);
      if (generation !== this.#generation) {
        return;
      }
      this.#shown = number;
      this.#view?.dispose();
      const view = this.#view = new StepView(page, this.#run, this.#api, this.place, this.#ran, text => this.#announce(text), run => {
        this.#take(run);
        void this.#show(number, false);
      });
      this.#setup.before(view.element);
      this.#body.scrollTop = 0;
      this.#quiet();
      this.#draw();
      if (focuses) {
        view.heading.focus();
      }
      if (isReached(this.#run, this.#step)) {
        // Nobody waits for a setup to go on.
        void this.#enter(number, generation).then(() => {
          if (generation === this.#generation) {
            this.#draw();
          }
        });
      }
    } catch (error) {
      if (generation === this.#generation) {
        showProblem(this.#result, error);
        this.#offer(textButton("Try again", () => void this.#show(number), "primary"));
      }
    } finally {
      if (generation === this.#generation) {
        this.#rest();
      }
    }
  }

  /** It is busy no more, and catches up with other pages. */
  #rest(): void {
    this.#isBusy = this.#abort.signal.aborted;
    if (this.#isBehind && !this.#isBusy) {
      this.#isBehind = false;
      void this.refresh();
    }
  }

  /** The setup of a step runs on the server, once. Its text is shown meanwhile. */
  async #enter(number: number, generation: number): Promise<void> {
    const slow = window.setTimeout(() => {
      this.#setup.hidden = false;
      this.#setup.replaceChildren(make("p", "tut-busy", make("span", "spinner"), " This step is being set up"));
    }, 300);
    try {
      const { run, setup, type } = await this.#api.enter(number);
      if (generation !== this.#generation) {
        return;
      }
      this.#take(run);
      this.#setup.hidden = true;
      if (setup && setup.exitCode !== 0) {
        this.#setupFailed(number, setup.exitCode ?? null, setup.output);
      }
      const step = run.steps[number - 1]!;
      if (step.kind === "finish" && number === run.steps.length && step.state !== "passed") {
        // Nothing is left to do on it.
        this.#take(await this.#api.next(number).catch(() => run));
      }
      if (type) {
        const terminal = await this.place.numbered(1);
        await terminal.pane.commands.enter?.(type);
      }
    } catch (error) {
      if (generation === this.#generation) {
        this.#setupFailed(number, null, error instanceof Problem ? error.message : "Something went wrong.");
      }
    } finally {
      clearTimeout(slow);
    }
  }

  #setupFailed(number: number, exitCode: number | null, printed: string): void {
    this.#setup.hidden = false;
    this.#setup.classList.add("failed");
    this.#setup.replaceChildren(
      make("p", "", `The setup of this step failed${exitCode === null ? "" : ` with exit code ${exitCode}`}. You can go on, but parts of the step may not work.`),
      ...printed.trim() ? [output("What the setup printed", printed)] : [],
      make("div", "tut-actions", textButton("Run it again", () => void this.#show(number)), textButton("Go on anyway", () => {
        this.#setup.hidden = true;
        this.focus();
      })));
  }

  #take(run: Run): void {
    this.#run = run;
    this.#others?.postMessage("changed");
  }

  get #step(): RunStep {
    return this.#run.steps[this.#shown - 1]!;
  }

  get #isOpen(): boolean {
    return this.#step.state === "current" || (this.#step.state === "ahead" && this.#shown === this.#run.current);
  }

  #draw(): void {
    const run = this.#run;
    const step = this.#step;
    this.#list.draw(run, this.#shown);
    this.place.stepShown(stepWords(run, step));
    this.#drawAway();
    const isLast = this.#shown === run.steps.length;
    const buttons: [label: string, run: () => Promise<void>, kind?: string][] = [];
    if (this.#shown > 1) {
      buttons.push(["Back", () => this.#show(this.#shown - 1)]);
    }
    const reached = isReached(run, step);
    if (step.hint && reached) {
      buttons.push(["Hint", () => this.#hint()]);
    }
    if (step.solution && reached) {
      buttons.push(["Show solution", () => this.#solution()]);
    }
    if (step.reset) {
      buttons.push(["Reset this step", () => this.#reset()]);
    }
    if (this.#isOpen && !run.gated && step.kind === "step") {
      buttons.push(["Skip", () => this.#goOn(() => this.#api.skip(this.#shown))]);
    }
    if (this.#isOpen && step.check) {
      buttons.push(["Check", () => this.#check(), "primary"]);
    } else if (this.#isOpen && !(isLast && step.kind === "finish")) {
      buttons.push([isLast ? "Finish" : "Next", () => this.#goOn(() => this.#api.next(this.#shown)), "primary"]);
    } else if (!isLast && isReached(run, run.steps[this.#shown]!)) {
      buttons.push(["Next", () => this.#show(this.#shown + 1), "primary"]);
    }
    this.#drawButtons(buttons);
    const finish = isLast && isFinished(run) && !this.#isOpen || (isLast && step.kind === "finish") ? JSON.stringify(run) : "";
    if (finish !== this.#drawnFinish) {
      this.#drawnFinish = finish;
      this.#body.querySelector(".tut-finish")?.remove();
      if (finish) {
        this.#body.append(finishOf(run, this.place.keepWords, () => this.place.keep()));
      }
    }
  }

  /** The same buttons stay: one that is replaced while it is pressed gets no click. */
  #drawButtons(buttons: readonly [label: string, run: () => Promise<void>, kind?: string][]): void {
    this.#runs.clear();
    buttons.forEach(([label, run]) => this.#runs.set(label, run));
    const drawn = JSON.stringify(buttons.map(([label, , kind]) => [label, kind]));
    if (drawn === this.#drawnButtons) {
      return;
    }
    const focused = this.#actions.contains(document.activeElement);
    this.#offer(...buttons.map(([label, , kind]) => this.#button(label, async () => this.#runs.get(label)?.(), kind)));
    this.#drawnButtons = drawn;
    if (focused) {
      this.#actions.querySelector<HTMLElement>(".primary")?.focus();
    }
  }

  #offer(...buttons: HTMLElement[]): void {
    this.#drawnButtons = "";
    this.#actions.replaceChildren(...buttons);
  }

  /** The bar over a step that is not the open one. */
  #drawAway(): void {
    const run = this.#run;
    this.#away.hidden = this.#shown === run.current;
    if (this.#away.hidden) {
      return;
    }
    const open = run.steps[run.current - 1]!;
    const words = this.#shown < run.current ? "You are reading an earlier step. The sandbox stays at the current one." : isReached(run, this.#step) ? "You were at this step before, and went back." : "You are reading ahead. This step opens after the earlier steps.";
    const to = `To ${stepWords(run, open).toLowerCase().replace(/ of \d+$/, "")}`;
    if (this.#away.textContent !== words + to) {
      this.#away.replaceChildren(make("span", "", words), textButton(to, () => void this.#show(this.#run.current)));
    }
  }

  #button(label: string, run: () => Promise<void>, kind = ""): HTMLButtonElement {
    const button = textButton(label, () => {
      if (this.#isBusy) {
        return;
      }
      this.#isBusy = true;
      this.#actions.setAttribute("aria-busy", "true");
      void run().catch((error: unknown) => showProblem(this.#result, error)).finally(() => {
        this.#actions.removeAttribute("aria-busy");
        this.#rest();
      });
    }, kind);
    return button;
  }

  async #check(): Promise<void> {
    const from = performance.now();
    let assertions: Checked["assertions"] = [];
    const tick = (): void => {
      const seconds = Math.round((performance.now() - from) / 1000);
      showNote(this.#result, "busy", seconds < 3 ? "Checking" : `Checking, for ${seconds} s`);
      showAssertions(this.#result, assertions);
    };
    tick();
    const timer = setInterval(tick, 1000);
    let checked: Checked;
    try {
      checked = await this.#api.check(this.#shown, now => {
        assertions = now;
        tick();
      });
    } finally {
      clearInterval(timer);
    }
    this.#take(checked.run);
    showCheck(this.#result, checked);
    this.#draw();
    this.#body.querySelector(".tut-finish")?.scrollIntoView({ block: "nearest" });
  }

  async #goOn(call: () => Promise<Run>): Promise<void> {
    const left = this.#shown;
    showNote(this.#result, "busy", "Keeping the state of this step");
    const run = await call();
    this.#take(run);
    this.#quiet();
    this.#draw();
    if (left < run.steps.length) {
      await this.#show(left + 1);
    } else {
      this.#body.querySelector<HTMLElement>(".tut-finish")?.scrollIntoView({ block: "nearest" });
    }
  }

  /** The command that ended last in the terminal. */
  get #last(): { command: string; exitCode: number | null } | null {
    const last = this.place.active()?.pane.commands.log.commands.filter(command => !command.running).at(-1);
    return last ? { command: last.line ?? last.seen, exitCode: last.exitCode } : null;
  }

  async #hint(): Promise<void> {
    const { html } = await this.#api.hint(this.#shown, this.#last);
    this.#explain("Hint", html);
  }

  async #solution(): Promise<void> {
    const step = this.#shown;
    const { html } = await this.#api.solution(step);
    this.#explain("Solution", html, ...this.#step.solve && this.#isOpen ? [this.#button("Do it for me", async () => {
      showNote(this.#result, "busy", "Doing the step");
      const { exitCode, output: printed } = await this.#api.solve(step);
      showNote(this.#result, exitCode === 0 ? "passed" : "failed", exitCode === 0 ? "Done. Now check it." : "The solution failed.");
      if (printed.trim()) {
        this.#result.append(output("What it printed", printed));
      }
    })] : []);
  }

  /** Shows a text of the author below the step. */
  #explain(title: string, html: string, ...more: HTMLElement[]): void {
    const heading = make("h3", "", title);
    heading.tabIndex = -1;
    const text = make("div", "tut-prose");
    // Sanitised by the server (MarkdownText).
    text.innerHTML = html;
    for (const pre of text.querySelectorAll<HTMLElement>("pre")) {
      pre.tabIndex = 0;
    }
    const section = make("section", "tut-explained", heading, text, ...more);
    this.#extra.querySelector(`[data-title="${title}"]`)?.remove();
    section.dataset["title"] = title;
    this.#extra.append(section);
    heading.focus();
    section.scrollIntoView({ block: "nearest" });
  }

  async #reset(): Promise<void> {
    const isOpen = this.#shown === this.#run.current;
    if (!await confirmed({
      title: isOpen ? "Reset this step?" : "Go back to this step?",
      text: "The sandbox goes back to the state in which the step began: files that changed since are lost, and running programs end.",
      no: "Keep it as it is", yes: isOpen ? "Reset the step" : "Go back",
    })) {
      return;
    }
    showNote(this.#result, "busy", "Going back to the beginning of the step");
    const { playground } = await (isOpen ? this.#api.reset(this.#shown) : this.#api.jump(this.#shown));
    this.place.moved(playground);
  }

  #announce(text: string): void {
    this.#live.textContent = text;
  }

  #quiet(): void {
    delete this.#result.dataset["kind"];
    this.#result.replaceChildren();
  }

  #clear(): void {
    this.#quiet();
    this.#setup.hidden = true;
    this.#setup.classList.remove("failed");
    this.#extra.replaceChildren();
    this.#offer();
  }
}

/** A channel to the other pages of the same tutorial; null in a frame that the browser keeps from our storage. */
function channelOf(name: string): BroadcastChannel | null {
  try {
    return new BroadcastChannel(name);
  } catch {
    return null;
  }
}
