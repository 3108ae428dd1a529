import { api, Problem } from "../../page/api";
import { apiLines } from "../../page/api-lines";

/** One page of a tutorial, without its text. */
export interface RunStep {
  readonly number: number;
  readonly title: string;
  readonly kind: "intro" | "step" | "finish";
  readonly state: "ahead" | "current" | "passed" | "skipped";
  readonly check: boolean;
  readonly hint: boolean;
  readonly solution: boolean;
  /** Whether the server can do the solution by itself. */
  readonly solve?: boolean;
  readonly reset: boolean;
}

/** A visitor's way through a tutorial, as the server keeps it. */
export interface Run {
  readonly address: string;
  readonly hash: string;
  readonly title: string;
  readonly url: string;
  readonly resumeCode: string;
  readonly gated: boolean;
  readonly layout: {
    readonly editor: boolean;
    readonly editorPath: string;
    readonly terminals: number;
    readonly openFiles: readonly string[];
    readonly welcome?: string | null;
    readonly dashboards: readonly { readonly name: string; readonly port?: number | null; readonly url?: string | null }[];
  };
  readonly parameters: Readonly<Record<string, string>>;
  /** The tutorials that follow: names, hashes, paths or URLs. */
  readonly next: readonly string[];
  /** Where the author wants reports, too: the page of a new issue, or a mailto address. */
  readonly reports?: string | null;
  /** The furthest page that is open, from 1. */
  readonly current: number;
  readonly steps: readonly RunStep[];
}

/** A block of a page; which other members it has depends on its kind. */
export interface BlockView {
  readonly index: number;
  readonly kind: string;
  readonly inline?: boolean;
  readonly language?: string;
  readonly command?: string;
  readonly terminal?: number;
  /** The number of a machine, from 1. */
  readonly host?: number;
  readonly terminalName?: string;
  readonly allTerminals?: boolean;
  readonly interrupt?: boolean;
  readonly enter?: boolean;
  readonly clear?: boolean;
  readonly keys?: boolean;
  readonly text?: string;
  readonly path?: string;
  readonly at?: number;
  readonly label?: string;
  readonly mode?: string;
  readonly port?: number;
  readonly url?: string;
  readonly question?: string;
  readonly answer?: "one" | "several" | "exact" | "contains";
  readonly answered?: boolean;
  readonly name?: string;
  readonly prompt?: string;
  readonly default?: string;
  readonly source?: string;
}

/** A page with its text. */
export interface Page {
  readonly number: number;
  readonly title: string;
  readonly kind: RunStep["kind"];
  readonly html: string;
  readonly blocks: readonly BlockView[];
}

export interface Entered {
  readonly run: Run;
  readonly setup?: { readonly exitCode?: number | null; readonly output: string } | null;
  readonly type?: string | null;
}

export interface Checked {
  readonly passed: boolean;
  readonly message: string;
  readonly output: string;
  readonly exitCode?: number | null;
  readonly timedOut: boolean;
  readonly durationMs: number;
  readonly assertions: readonly { readonly name: string; readonly passed: boolean }[];
  readonly run: Run;
}

function lost(): never {
  throw new Problem("offline", 0, "The connection was lost before the check ended.");
}

/** The REST calls of one playground's tutorial. */
export class RunApi {
  readonly #base: string;

  constructor(readonly playground: string) {
    this.#base = `/api/v1/playgrounds/${playground}/tutorial`;
  }

  find(): Promise<Run> {
    return api("GET", this.#base);
  }

  page(step: number): Promise<Page> {
    return api("GET", this.#step(step));
  }

  enter(step: number): Promise<Entered> {
    return api("POST", this.#step(step, "enter"));
  }

  /** @param ticked called with the check's named parts each time that there is one more */
  async check(step: number, ticked: (assertions: Checked["assertions"]) => void): Promise<Checked> {
    let checked: Checked | null = null;
    await apiLines("POST", this.#step(step, "check"), undefined, value => {
      const line = value as Checked;
      if ("passed" in line) {
        checked = line;
      } else {
        ticked((line as Checked).assertions);
      }
    });
    return checked ?? lost();
  }

  /** @param last the command that ran last in the terminal, and how it ended */
  hint(step: number, last: { command: string; exitCode: number | null } | null): Promise<{ html: string }> {
    return api("POST", this.#step(step, "hint"), last ?? {});
  }

  solution(step: number): Promise<{ html: string }> {
    return api("GET", this.#step(step, "solution"));
  }

  solve(step: number): Promise<{ exitCode?: number | null; output: string }> {
    return api("POST", this.#step(step, "solve"));
  }

  skip(step: number): Promise<Run> {
    return api("POST", this.#step(step, "skip"));
  }

  next(step: number): Promise<Run> {
    return api("POST", this.#step(step, "next"));
  }

  /** Begins a step again from the state in which it was first entered; the answer's playground takes the place of this one. */
  reset(step: number): Promise<{ playground: { id: string; url: string } }> {
    return api("POST", this.#step(step, "reset"));
  }

  /** Goes back to the state in which a step began. */
  jump(step: number): Promise<{ playground: { id: string; url: string } }> {
    return api("POST", this.#step(step, "jump"));
  }

  write(step: number, block: number): Promise<{ path: string }> {
    return api("POST", this.#step(step, `blocks/${block}/write`));
  }

  /** Runs the test of a block. */
  test(step: number, block: number): Promise<{ passed: boolean; timedOut: boolean; output: string }> {
    return api("POST", this.#step(step, `blocks/${block}/test`));
  }

  answer(step: number, block: number, answer: { choices: number[] } | { text: string }): Promise<{ right: boolean }> {
    return api("POST", this.#step(step, `blocks/${block}/answer`), answer);
  }

  /** Tells the author what is wrong with a step. */
  report(step: number, text: string, command: string | null): Promise<void> {
    return api("POST", this.#step(step, "report"), { text, ...command ? { command } : {} });
  }

  set(name: string, value: string): Promise<Run> {
    return api("PUT", `${this.#base}/parameters`, { [name]: value });
  }

  #step(number: number, action = ""): string {
    return `${this.#base}/steps/${number}${action ? `/${action}` : ""}`;
  }
}

/** The name of a step among the others: "Step 2 of 5". */
export function stepWords(run: Run, step: RunStep): string {
  if (step.kind !== "step") {
    return step.kind === "intro" ? "Introduction" : "Finish";
  }
  const steps = run.steps.filter(each => each.kind === "step");
  return `Step ${steps.indexOf(step) + 1} of ${steps.length}`;
}

/** A title with values in place of parameters. */
export function titleOf(run: Run, title: string): string {
  return title.replace(/\$\$([A-Za-z][A-Za-z0-9_-]{0,39})\$\$/g, (mark, name: string) => run.parameters[name] ?? mark);
}

/** Whether the visitor has got as far as a step, also if they went back before it since. */
export function isReached(run: Run, step: RunStep): boolean {
  return step.number <= run.current || step.state === "passed" || step.state === "skipped";
}

/** The share of a tutorial that is done, from 0 to 1. */
export function progressOf(run: Run): number {
  return run.steps.filter(step => step.state === "passed" || step.state === "skipped").length / Math.max(1, run.steps.length);
}
