import { Frame } from "./frame";
import { live } from "./live";
import { type FrameState, harmless, type ToElement } from "./messages";
import { frameAddress, heightOf, server, themeOf } from "./server";
import { common, sheetOf } from "./style";
import { authored, plainOutput } from "./text";

const own = sheetOf(`
:host { height: var(--height, 360px); }
:host([tutorial]) { height: var(--height, 560px); }
.poster { position: absolute; inset: 0; display: grid; grid-template-rows: minmax(0, 1fr) auto; }
.poster pre { margin: 0; padding: 14px 16px; overflow: hidden; background: none; border: 0; color: inherit; font: 14px/1.35 var(--mono); white-space: pre; }
.poster pre:empty::before { content: "$ "; }
.poster pre:empty::after { content: ""; display: inline-block; width: .6em; height: 1.1em; vertical-align: text-bottom; background: var(--soft); }
.bar { display: flex; align-items: center; gap: 12px; padding: 9px 12px 9px 16px; border-top: 1px solid var(--line); background: var(--bar); }
.bar span { flex: 1; min-width: 0; overflow: hidden; color: var(--soft); text-overflow: ellipsis; white-space: nowrap; }
/* The whole picture is the button. */
.bar .start::before { content: ""; position: absolute; inset: 0; }
.stage:focus { outline: none; }
.stage, .stage iframe { position: absolute; inset: 0; width: 100%; height: 100%; border: 0; color-scheme: light dark; }
.note { position: absolute; inset: 0; z-index: 1; display: grid; place-content: center; justify-items: center; gap: 10px; padding: 20px; background: var(--back); text-align: center; }
.note p { max-width: 34em; margin: 0; color: var(--soft); }
.note strong { font-size: 17px; }
.actions { display: flex; flex-wrap: wrap; justify-content: center; gap: 8px; margin-top: 6px; }
`);

/** Frames of one page share the storage of our origin there, so each element has a slot of its own. */
let slots = 0;

/**
 * `<sandbox-terminal image="debian">`: a picture of a terminal that becomes one with the first click or key. Until then
 * nothing is loaded and nothing is started.
 *
 * Attributes: `image`, `link` or `tutorial`, `height`, `theme` (light or dark), `command` (the visitor is asked before it runs) and
 * `output` (the text of the picture; else that of the element's content). Each may change at any time; another image, link
 * or command ends what runs. The event `sandbox-state` tells each state of its frame in `detail`.
 */
export class SandboxTerminal extends HTMLElement {
  static readonly observedAttributes = ["image", "link", "tutorial", "command", "height", "theme", "output"];

  readonly #root = this.attachShadow({ mode: "open" });
  readonly #output = document.createElement("pre");
  readonly #name = document.createElement("span");
  readonly #start = document.createElement("button");
  readonly #poster = document.createElement("div");
  readonly #stage = document.createElement("div");
  readonly #content = new MutationObserver(() => this.#draw());
  readonly #slot = String(++slots);
  #frame: Frame | null = null;
  #isDrawn = false;

  constructor() {
    super();
    this.#root.adoptedStyleSheets = [common, own];
    this.#poster.className = "poster";
    this.#poster.part.add("poster");
    this.#start.className = "start primary";
    this.#start.type = "button";
    this.#stage.className = "stage";
    this.#stage.hidden = true;
    // It has the focus until the frame can take it.
    this.#stage.tabIndex = -1;
    // The picture says nothing that the button does not.
    this.#output.part.add("output");
    const bar = document.createElement("div");
    bar.className = "bar";
    bar.append(this.#name, this.#start);
    this.#poster.append(this.#output, bar);
    this.#root.append(this.#poster, this.#stage);
    this.#start.addEventListener("click", () => this.start());
    this.addEventListener("keydown", event => this.#key(event));
  }

  /** The state of what runs; null while nothing does. */
  get state(): FrameState | null {
    return this.#frame ? (this.dataset["state"] as FrameState | undefined) ?? "starting" : null;
  }

  connectedCallback(): void {
    this.#content.observe(this, { childList: true, characterData: true, subtree: true });
    this.#isDrawn = true;
    this.#frame?.reloading();
    this.#draw();
  }

  /** Moved within the page it goes on; removed from it, it ends. */
  disconnectedCallback(): void {
    queueMicrotask(() => {
      if (!this.isConnected) {
        this.#content.disconnect();
        this.stop();
      }
    });
  }

  attributeChangedCallback(name: string, before: string | null, after: string | null): void {
    if (before === after || !this.#isDrawn) {
      return;
    }
    if (name === "image" || name === "link" || name === "tutorial" || name === "command") {
      this.stop();
    } else if (name === "theme") {
      this.#frame?.say({ sandbox: "theme", theme: themeOf(after) });
    }
    this.#draw();
  }

  /** Starts it, as a click does. */
  start(): void {
    if (this.#frame || !this.#isWhole) {
      return;
    }
    const [image, link, tutorial] = this.#subjects;
    const frame = new Frame(frameAddress("terminal", {
      image: image!, link: link!, tutorial: tutorial!, command: this.getAttribute("command"), theme: themeOf(this.getAttribute("theme")),
      slot: this.#slot, page: window.origin === "null" ? null : window.origin,
    }), `${tutorial ? "Tutorial" : "Terminal"}: ${this.#what}`, { heard: message => this.#heard(message), silent: () => this.#silent() });
    this.#frame = frame;
    this.#stage.replaceChildren(frame.element);
    this.#stage.hidden = false;
    this.#poster.hidden = true;
    this.#changed("starting");
    live.use(this);
    this.#stage.focus({ preventScroll: true });
  }

  /** Takes the frame away. What ran in it ends by itself after a while, as when a page is closed. */
  stop(): void {
    this.#frame?.dispose();
    this.#frame = null;
    live.leave(this);
    this.#stage.replaceChildren();
    this.#stage.hidden = true;
    this.#poster.hidden = false;
    delete this.dataset["state"];
  }

  /** Another terminal of the page is in use. */
  pause(): void {
    if (this.state === "live") {
      this.#frame?.say({ sandbox: "pause" });
    }
  }

  /** The values of image, link and tutorial, of which it has one. */
  get #subjects(): (string | null)[] {
    return ["image", "link", "tutorial"].map(name => this.getAttribute(name) || null);
  }

  get #isWhole(): boolean {
    return this.#subjects.filter(Boolean).length === 1;
  }

  get #what(): string {
    return this.#subjects.find(Boolean) ?? "";
  }

  #draw(): void {
    const isWhole = this.#isWhole;
    const kind = this.hasAttribute("tutorial") ? "tutorial" : "terminal";
    this.#output.textContent = plainOutput(this.getAttribute("output") ?? authored(this.textContent));
    this.#name.textContent = isWhole ? kind === "tutorial" ? `A tutorial: ${this.#what}` : `A ${this.#what} terminal` : "This element needs one of the attributes image, link and tutorial.";
    this.#start.textContent = "Start";
    this.#start.setAttribute("aria-label", `Start a ${kind}: ${this.#what}`);
    this.#start.disabled = !isWhole;
    const height = heightOf(this.getAttribute("height"));
    if (height) {
      this.style.setProperty("--height", height);
    } else {
      this.style.removeProperty("--height");
    }
  }

  /** A letter starts it too, and is not lost. The button itself knows Enter and the space bar. */
  #key(event: KeyboardEvent): void {
    if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing || event.key === " " && !this.#frame) {
      return;
    }
    const text = [...event.key].length === 1 ? harmless(event.key) : "";
    if (text === "") {
      return;
    }
    event.preventDefault();
    this.start();
    this.#frame?.say({ sandbox: "keys", text });
  }

  #heard(message: ToElement): void {
    switch (message.sandbox) {
      case "ready":
        this.#frame?.say({ sandbox: "page", address: location.href.split("#")[0]! });
        if (this.#root.activeElement) {
          // Nobody went on elsewhere in the page meanwhile.
          this.#frame?.element.focus({ preventScroll: true });
          this.#frame?.say({ sandbox: "focus" });
        }
        break;
      case "state":
        this.#changed(message.state);
        if (message.state === "live") {
          live.use(this);
        }
        break;
    }
  }

  #changed(state: FrameState): void {
    this.dataset["state"] = state;
    this.dispatchEvent(new CustomEvent("sandbox-state", { detail: state, bubbles: true }));
  }

  /** Its frame never answered: there is no server, or the browser keeps it from this page. */
  #silent(): void {
    const note = document.createElement("div");
    note.className = "note";
    note.setAttribute("role", "alert");
    const title = document.createElement("strong");
    title.textContent = "The terminal did not load";
    const text = document.createElement("p");
    text.textContent = `${new URL(server).host} cannot be reached, or it does not let this page show it.`;
    const again = document.createElement("button");
    again.type = "button";
    again.className = "primary";
    again.textContent = "Try again";
    again.addEventListener("click", () => {
      this.stop();
      this.start();
    });
    const open = document.createElement("a");
    open.className = "button";
    open.href = `${server}${this.getAttribute("link") ? "/x/" : this.getAttribute("tutorial") ? "/t/" : "/?image="}${encodeURIComponent(this.#what)}`;
    open.target = "_blank";
    open.rel = "noopener";
    open.textContent = "Open it there";
    const actions = document.createElement("div");
    actions.className = "actions";
    actions.append(again, open);
    note.append(title, text, actions);
    this.#stage.append(note);
    this.#changed("failed");
  }
}

/** `<sandbox-tutorial tutorial="linux-shell">`: a tutorial with its text beside its terminals; else as `<sandbox-terminal>`. */
export class SandboxTutorial extends SandboxTerminal {}
