import { Frame } from "./frame";
import { commandOf, pathOf, runningOf } from "./languages";
import type { RunResult, ToElement } from "./messages";
import { frameAddress, server } from "./server";
import { common, sheetOf } from "./style";
import { authored } from "./text";

const own = sheetOf(`
textarea { display: block; width: 100%; min-height: 3.2em; margin: 0; padding: 14px 16px; overflow: auto hidden; border: 0; border-radius: 0; background: none; color: inherit; font: 14px/1.5 var(--mono); white-space: pre; resize: none; tab-size: 4; field-sizing: content; }
textarea:focus-visible { outline-offset: -3px; }
.bar { display: flex; flex-wrap: wrap; align-items: center; gap: 8px; padding: 8px 12px 8px 16px; border-top: 1px solid var(--line); background: var(--bar); }
.bar span { flex: 1; min-width: 8em; color: var(--soft); }
.result { border-top: 1px solid var(--line); }
.result pre { max-height: 24em; margin: 0; padding: 12px 16px; overflow: auto; background: none; border: 0; color: inherit; font: 14px/1.4 var(--mono); white-space: pre-wrap; overflow-wrap: anywhere; }
.result .wrong, .bar .wrong { color: var(--bad); }
.bar .right { color: var(--ok); }
`);

/** A run that a frame was asked for. */
interface Asked {
  progress(text: string): void;
  printed(isError: boolean, text: string): void;
  done(result: RunResult): void;
}

/** A hidden frame with a sandbox, shared by the elements that name it. */
class Runner {
  static readonly #all = new Map<string, Runner>();
  readonly #users = new Set<SandboxRun>();
  readonly #asked = new Map<number, Asked>();
  readonly #opening = new Map<number, (address: string | null, error: string | null) => void>();
  readonly #frame: Frame;
  #runs = 0;

  private constructor(private readonly key: string, image: string | null, link: string | null) {
    this.#frame = new Frame(frameAddress("run", { image, link, page: window.origin === "null" ? null : window.origin }), "Sandbox", {
      heard: message => this.#heard(message),
      silent: () => this.#fail("The server cannot be reached, or it does not let this page run code."),
    });
    Object.assign(this.#frame.element.style, { position: "absolute", width: "0", height: "0", border: "0", visibility: "hidden" });
    this.#frame.element.tabIndex = -1;
    this.#frame.element.setAttribute("aria-hidden", "true");
    document.body.append(this.#frame.element);
  }

  /** The runner of an element; elements with the same name, image and link have one. */
  static of(user: SandboxRun): Runner {
    const [image, link, name] = [user.getAttribute("image"), user.getAttribute("link"), user.getAttribute("sandbox")];
    const key = JSON.stringify([image, link, name ?? user.key]);
    let runner = Runner.#all.get(key);
    if (!runner) {
      runner = new Runner(key, image, link);
      Runner.#all.set(key, runner);
    }
    runner.#users.add(user);
    return runner;
  }

  /** The sandbox's way to a tab of its own. */
  open(file: string, text: string, opened: (address: string | null, error: string | null) => void): void {
    const run = ++this.#runs;
    this.#opening.set(run, opened);
    this.#frame.say({ sandbox: "open", run, files: [{ path: file, text }], address: location.href.split("#")[0]! });
  }

  run(file: string, text: string, command: string[], asked: Asked): void {
    const run = ++this.#runs;
    this.#asked.set(run, asked);
    this.#frame.say({ sandbox: "run", run, files: [{ path: file, text }], command });
  }

  /** With its last element the frame goes, and what ran in it ends by itself. */
  leave(user: SandboxRun): void {
    this.#users.delete(user);
    if (this.#users.size === 0) {
      this.#end();
    }
  }

  #heard(message: ToElement): void {
    if (message.sandbox === "progress") {
      this.#asked.get(message.run)?.progress(message.text);
    } else if (message.sandbox === "output") {
      this.#asked.get(message.run)?.printed(message.isError, message.text);
    } else if (message.sandbox === "result") {
      this.#asked.get(message.run)?.done(message.result);
      this.#asked.delete(message.run);
    } else if (message.sandbox === "opened") {
      this.#opening.get(message.run)?.(message.address, message.error);
      this.#opening.delete(message.run);
    }
  }

  #fail(error: string): void {
    for (const asked of this.#asked.values()) {
      asked.done({ exitCode: null, stdout: "", stderr: "", truncated: false, durationMs: 0, error });
    }
    for (const opened of this.#opening.values()) {
      opened(null, error);
    }
    this.#end();
  }

  #end(): void {
    this.#asked.clear();
    this.#opening.clear();
    Runner.#all.delete(this.key);
    this.#frame.dispose();
  }
}

let keys = 0;

/**
 * `<sandbox-run image="python"><pre>print(6 * 7)</pre></sandbox-run>`: code that a reader edits and runs. The first run makes
 * a sandbox; until then nothing is loaded.
 *
 * Attributes: `image` or `link`, `sandbox` (elements of the page with one name share a sandbox), `file` and `command`, in
 * which `{file}` is its path. The event `sandbox-result` has how a run ended in `detail`.
 */
export class SandboxRun extends HTMLElement {
  static readonly observedAttributes = ["image", "link", "sandbox", "command", "file"];

  /** What distinguishes it where it names no sandbox. */
  readonly key = ++keys;
  readonly #root = this.attachShadow({ mode: "open" });
  readonly #code = document.createElement("textarea");
  readonly #run = document.createElement("button");
  readonly #reset = document.createElement("button");
  readonly #open = document.createElement("button");
  readonly #words = document.createElement("span");
  readonly #result = document.createElement("div");
  readonly #output = document.createElement("pre");
  readonly #content = new MutationObserver(() => this.#draw());
  #original = "";
  #isDrawn = false;
  #isRunning = false;
  #runner: Runner | null = null;
  /** The code was reset while it ran, so its output is not shown. */
  #isForgotten = false;

  constructor() {
    super();
    this.#root.adoptedStyleSheets = [common, own];
    this.#code.spellcheck = false;
    this.#code.autocapitalize = "off";
    this.#code.setAttribute("aria-label", "Code");
    this.#code.part.add("code");
    this.#run.type = this.#reset.type = this.#open.type = "button";
    this.#run.className = "primary";
    this.#run.textContent = "Run";
    this.#run.title = "Ctrl+Enter";
    this.#reset.textContent = "Reset";
    this.#reset.hidden = this.#open.hidden = true;
    this.#open.textContent = "Open full page";
    this.#words.setAttribute("role", "status");
    this.#result.className = "result";
    this.#result.part.add("result");
    this.#result.hidden = true;
    this.#output.tabIndex = 0;
    this.#output.setAttribute("aria-label", "Output");
    this.#result.append(this.#output);
    const bar = document.createElement("div");
    bar.className = "bar";
    bar.append(this.#words, this.#open, this.#reset, this.#run);
    this.#root.append(this.#code, bar, this.#result);
    this.#run.addEventListener("click", () => this.run());
    this.#reset.addEventListener("click", () => this.reset());
    this.#open.addEventListener("click", () => this.#openPage());
    this.#code.addEventListener("input", () => this.#edited());
    this.#code.addEventListener("keydown", event => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !event.isComposing) {
        event.preventDefault();
        this.run();
      }
    });
  }

  /** The code as it stands. */
  get code(): string {
    return this.#code.value;
  }

  set code(text: string) {
    this.#code.value = text;
    this.#edited();
  }

  connectedCallback(): void {
    this.#content.observe(this, { childList: true, characterData: true, subtree: true });
    this.#isDrawn = true;
    this.#draw();
  }

  disconnectedCallback(): void {
    queueMicrotask(() => {
      if (!this.isConnected) {
        this.#content.disconnect();
        this.#leave();
      }
    });
  }

  attributeChangedCallback(name: string, before: string | null, after: string | null): void {
    if (before !== after && this.#isDrawn && name !== "command" && name !== "file") {
      this.#leave();
    }
  }

  run(): void {
    const [image, link] = [this.getAttribute("image"), this.getAttribute("link")];
    if (this.#isRunning) {
      return;
    }
    const running = runningOf(image);
    const path = this.#path();
    if (!image === !link || path === null) {
      this.#say(path === null ? "The attribute file is not a path." : "This element needs one of the attributes image and link.", "wrong");
      return;
    }
    this.#isRunning = this.#run.disabled = true;
    this.#isForgotten = false;
    this.#say("Starting");
    this.#output.replaceChildren();
    this.#runner ??= Runner.of(this);
    this.#runner.run(path, this.#code.value, commandOf(this.getAttribute("command") || running.command, path), {
      progress: text => this.#isForgotten || this.#say(text),
      printed: (isError, text) => this.#isForgotten || this.#print(isError, text),
      done: result => this.#done(result),
    });
  }

  /** The code as the page has it, and no result. The sandbox stays as it is. */
  reset(): void {
    this.#code.value = this.#original;
    this.#output.replaceChildren();
    this.#result.hidden = true;
    this.#isForgotten = this.#isRunning;
    this.#say(this.#isRunning ? "Still running" : "");
    this.#edited();
    this.#code.focus();
  }

  /** Where the code is written; null if the attribute is no path. */
  #path(): string | null {
    return pathOf(this.getAttribute("file") || runningOf(this.getAttribute("image")).file);
  }

  /** Continues in a tab of our own, with the code as it stands. The tab is opened with the click, or browsers would block it. */
  #openPage(): void {
    const path = this.#path();
    if (!this.#runner || path === null || this.#isRunning) {
      return;
    }
    // A tab that a page without an origin opens has none either: no cookie, so nothing that could be continued in it.
    const tab = window.origin === "null" ? null : window.open("about:blank", "_blank");
    this.#isRunning = this.#run.disabled = this.#open.disabled = true;
    this.#runner.open(path, this.#code.value, (address, error) => {
      this.#isRunning = this.#run.disabled = this.#open.disabled = false;
      if (address === null || !address.startsWith(`${server}/`)) {
        tab?.close();
        this.#say(error ?? "It cannot be opened.", "wrong");
        return;
      }
      this.#open.hidden = true;
      if (tab) {
        tab.opener = null;
        tab.location.replace(address);
        this.#say(`It continues in its own tab, with the code at ${path}. Run makes another sandbox.`);
      } else {
        this.#say("The browser blocked the new tab. Open this address within two minutes: ");
        const link = document.createElement("a");
        link.href = link.textContent = address;
        link.target = "_blank";
        link.rel = "noopener";
        this.#words.append(link);
      }
    });
  }

  #draw(): void {
    const text = authored(this.textContent);
    if (text !== this.#original) {
      const isUntouched = this.#code.value === this.#original;
      this.#original = text;
      if (isUntouched) {
        this.#code.value = text;
      }
      this.#edited();
    }
  }

  #edited(): void {
    this.#reset.hidden = this.#code.value === this.#original && this.#result.hidden;
    this.#code.rows = Math.min(40, this.#code.value.split("\n").length);
  }

  /** Shows output in the order in which it was printed. A reader who scrolled up stays there. */
  #print(isError: boolean, text: string): void {
    const output = this.#output;
    const isAtEnd = output.scrollTop + output.clientHeight >= output.scrollHeight - 4;
    const last = output.lastElementChild;
    const kind = isError ? "wrong" : "";
    if (last?.className === kind) {
      last.append(text);
    } else {
      const part = document.createElement("span");
      part.className = kind;
      part.textContent = text;
      output.append(part);
    }
    this.#result.hidden = false;
    if (isAtEnd) {
      output.scrollTop = output.scrollHeight;
    }
  }

  #done(result: RunResult): void {
    this.#isRunning = this.#run.disabled = false;
    if (this.#isForgotten) {
      this.#say("");
    } else if (result.error !== null) {
      this.#say(result.error, "wrong");
    } else {
      const took = result.durationMs < 1000 ? `${Math.round(result.durationMs)} ms` : `${(result.durationMs / 1000).toFixed(1)} s`;
      this.#say(`Exit code ${result.exitCode}, ${took}${result.truncated ? ", output cut at 1 MiB" : ""}`, result.exitCode === 0 ? "right" : "wrong");
    }
    this.#result.hidden = this.#output.childElementCount === 0;
    this.#open.hidden = result.error !== null;
    this.#edited();
    this.dispatchEvent(new CustomEvent("sandbox-result", { detail: result, bubbles: true }));
  }

  #leave(): void {
    this.#runner?.leave(this);
    this.#runner = null;
    this.#open.hidden = true;
    if (this.#isRunning) {
      this.#isRunning = this.#run.disabled = this.#open.disabled = false;
      this.#say("");
    }
  }

  #say(text: string, kind = ""): void {
    this.#words.textContent = text;
    this.#words.className = kind;
  }
}
