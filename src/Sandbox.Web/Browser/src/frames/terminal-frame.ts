// A terminal in a frame of somebody's page: its visitor is a guest by token, and it shows one terminal.
import type { FrameState } from "../embed/messages";
import { api, type Playground, Problem, useBearer, type WantedTerminal } from "../page/api";
import { endsSoon, timeLeft } from "../page/countdown";
import { keysBelongTo } from "../page/keys-home";
import { Panel } from "../page/panel";
import { followViewport } from "../page/viewport";
import { LinkBar } from "../terminal-page/link-bar";
import { KeyBar } from "../terminals/input/key-bar";
import { endWords } from "../terminals/notices";
import { hubWords } from "../terminals/session/hub-error";
import { HubLink } from "../terminals/session/hub-link";
import { tokenConnection } from "../terminals/session/signalr-connection";
import { followWakes } from "../terminals/session/wake";
import { TerminalPane } from "../terminals/terminal-pane";
import { painterReady } from "../terminals/view/painter";
import { startTerminalTheme } from "../terminals/view/terminal-theme";
import { launch, type Launched, newKey, prerendered } from "../workspace/launch";
import { openCommand, openOwn, openTerminals } from "../workspace/open-terminal";
import { noTerminal } from "../workspace/playground-panels";
import { PlaygroundWatch } from "../workspace/playground-watch";
import { agreed, askCommand } from "./asking";
import { EarlyKeys } from "./early-keys";
import { Embedder } from "./embedder";
import { frameStateOf, notHere, refusedStart } from "./frame-panels";
import { newGuest } from "./guest";
import { tellWhenLeft } from "./leaving";
import { Opening } from "./opening";
import { showTheme } from "./page-theme";
import { Slot } from "./slot";

const byId = <T extends HTMLElement = HTMLElement>(id: string): T => document.getElementById(id) as T;

const root = byId("workspace");
const { image, link: hash } = root.dataset;
const what = image ? `image ${image}` : `link ${hash}`;
const stage = byId("frame-terminal");
const panel = new Panel(byId("ws-panel"), stage);
const embedder = new Embedder();
const slot = new Slot(new URLSearchParams(location.search).get("slot") ?? "");
const early = new EarlyKeys();
let token = "";
const link = new HubLink(failures => tokenConnection(failures, token));
const watch = new PlaygroundWatch({ changed: show, gone });
const opening = new Opening(byId<HTMLButtonElement>("frame-open"), stage, () => watch.now?.id ?? null);
const keyBar: KeyBar = new KeyBar(byId("ws-keys"), () => pane?.keyboard ?? null);

/** Milliseconds after which a program that prints nothing gets the keys that wait for its prompt. */
const promptMayTake = 1000;

let pane: TerminalPane | null = null;
/** How far the terminal is. Once its shell is over, the visitor decides whether there is another. */
let terminal: "absent" | "coming" | "there" | "over" = "absent";
/** Terminals whose program has ended; the server lists them for a while. */
const over = new Set<string>();
let answers: Pick<Extract<Launched, { link: string }>, "parameters" | "password"> = {};
let isPausedByPage = false;
/** The command of the page was answered; a terminal that is opened again does not ask again. */
let isAsked = false;

startTerminalTheme(root);
followViewport();
new LinkBar(byId("ws-link"), link);
followWakes(link, () => pane && terminal === "there" ? [pane.session] : [], () => void watch.poll());
embedder.onMessage = message => {
  switch (message.sandbox) {
    case "keys":
      early.take(message.text);
      break;
    case "focus":
      focusTerminal();
      break;
    case "pause":
      void pauseByPage();
      break;
    case "theme":
      showTheme(message.theme);
      break;
    case "page":
      opening.page = message.address;
      break;
  }
};
keysBelongTo(() => pane?.focus());
tellWhenLeft(() => watch.now && watch.now.state !== "ended" && !opening.wasOpened ? { playground: watch.now.id, leaving: slot.isKept ? "leave" : "end" } : null);
// The browser lets no script of a frame take the focus before its visitor was there.
window.addEventListener("focus", focusTerminal);
setInterval(tick, 1000);
void begin();

function focusTerminal(): void {
  if (document.activeElement === document.body) {
    pane?.focus();
  }
}

async function begin(): Promise<void> {
  await prerendered();
  await makePane();
  embedder.say({ sandbox: "ready" });
  if (await resumed()) {
    return;
  }
  if (root.dataset["consent"] === "true") {
    say("asking");
    byId("ws-state").textContent = "asks first";
    answers = await agreed(byId("frame-consent"));
  }
  await start();
}

/** The view exists before the sandbox, so that the shell begins with its size, and keys typed meanwhile wait here. */
async function makePane(): Promise<void> {
  await painterReady;
  const element = document.createElement("div");
  element.className = "ws-terminal";
  stage.append(element);
  pane = new TerminalPane(element, link);
  pane.keyboard.use(early);
  pane.keyboard.transform = keyBar.transform;
  pane.onState = state => {
    root.dataset["session"] = state;
    if (state === "exited" || state === "gone") {
      end();
    }
  };
  focusTerminal();
}

/** The frame was loaded again, as with the page around it: what it started goes on. */
async function resumed(): Promise<boolean> {
  const kept = slot.load(what);
  if (!kept) {
    return false;
  }
  useBearer(kept.token);
  token = kept.token;
  try {
    const playground = await api<Playground>("GET", `/api/v1/playgrounds/${kept.playground}`);
    if (playground.state === "ended") {
      return false;
    }
    byId("frame-consent")?.remove();
    isAsked = true;
    watch.take(playground);
    return true;
  } catch {
    slot.forget();
    token = "";
    return false;
  }
}

async function start(): Promise<void> {
  say("starting");
  root.dataset["state"] = byId("ws-state").textContent = "starting";
  panel.show({ kind: "busy", title: `Starting ${root.dataset["title"]}`, text: "Requesting your sandbox" });
  try {
    if (!token) {
      token = await newGuest();
    }
    // The connection is made while the sandbox is.
    link.start();
    const made = await launch(image ? { image } : { link: hash!, ...answers }, pane && { cols: pane.view.terminal.cols, rows: pane.view.terminal.rows }, newKey());
    slot.keep({ token, playground: made.id, what });
    watch.take(made);
  } catch (error) {
    const problem = error as Problem;
    if (problem.code === "unauthorized") {
      token = "";
    }
    root.dataset["state"] = "refused";
    byId("ws-state").textContent = "not started";
    say("failed");
    panel.show(refusedStart(problem, () => void start()));
  }
}

/** Another sandbox of the same thing, after the last one ended. */
async function again(): Promise<void> {
  slot.forget();
  watch.now = null;
  await renewPane();
  await start();
}

function show(next: Playground): void {
  root.dataset["state"] = next.state;
  byId("ws-state").textContent = next.state;
  byId("ws-lease").hidden = next.state === "ended" || next.state === "queued" || next.state === "starting";
  opening.show(next.state === "running");
  tick();
  const content = frameStateOf(next, root.dataset["title"] ?? next.image, {
    remove: () => void watch.remove(), resume: () => void act("resume"), start: () => void act("start"),
    setUp: action => void watch.setUp(action).catch(() => watch.poll()), again: () => void again(),
  }, isPausedByPage);
  if (content) {
    panel.show(content);
  } else {
    isPausedByPage = false;
    void enter(next);
  }
  if (next.state === "ended") {
    leave();
    say("ended");
  } else if (next.state === "paused") {
    say("paused");
  }
}

function gone(): void {
  root.dataset["state"] = "ended";
  byId("ws-state").textContent = "not here";
  byId("ws-lease").hidden = true;
  opening.show(false);
  leave();
  slot.forget();
  panel.show(notHere(opening.wasOpened, () => void again()));
  say("ended");
}

/** The output stays readable behind the panel. */
function leave(): void {
  if (terminal === "there") {
    pane?.detach();
  }
  terminal = "absent";
}

async function enter({ id, sandboxes, hasTerminals }: Playground): Promise<void> {
  if (terminal === "there") {
    panel.hide();
    pane?.focus();
    say("live");
  }
  if (terminal !== "absent" || sandboxes.length === 0) {
    return;
  }
  terminal = "coming";
  try {
    link.start();
    if (pane === null || root.dataset["session"]) {
      await renewPane();
    }
    const wanted = hasTerminals ? await api<WantedTerminal[]>("GET", `/api/v1/playgrounds/${id}/terminals`) : [];
    const sandbox = sandboxes.find(each => each.name === wanted[0]?.node) ?? sandboxes[0]!;
    // A recipe says itself what runs in its first terminal; the image's own command that nobody has looked at is not that.
    const open = (await openTerminals(sandbox.id)).find(each => !over.has(each.id) && (wanted.length === 0 || !each.own || each.seen));
    await link.connected();
    await attach(sandbox.id, open?.id ?? null, over.size > 0 ? undefined : wanted[0]);
    terminal = "there";
    panel.hide();
    if (document.hasFocus()) {
      // It may be at a button that is gone; a frame in a page that is used elsewhere takes it from nobody.
      pane!.focus();
    }
    say("live");
  } catch (error) {
    terminal = "absent";
    if (watch.now?.state !== "running") {
      return;
    }
    if (!link.connection) {
      // The connection went away in between; coming back starts over, and looks first whether a shell is open.
      await link.connected().catch(() => undefined);
      enterAgain();
      return;
    }
    const problem = error instanceof Problem ? error : new Problem("internal", 0, hubWords(error));
    panel.show({ ...noTerminal(problem, enterAgain, enterAgain), actions: [{ label: "Try again", run: enterAgain, primary: true }] });
  }
}

function enterAgain(): void {
  terminal = "absent";
  if (watch.now?.state === "running") {
    void enter(watch.now);
  }
}

/** Shows a terminal that is open, or opens the one that the recipe or the image asks for. */
async function attach(sandbox: string, open: string | null, wanted: WantedTerminal | undefined): Promise<void> {
  const [shown, connection] = [pane!, link.connection!];
  shown.view.size.fit();
  const { cols, rows } = shown.view.terminal;
  const size = { cols, rows };
  const id = open ?? await (wanted && wanted.command.length > 0 ? openCommand(connection, sandbox, size, wanted.command) : openOwn(connection, sandbox, size));
  shown.attach(id, { replay: open !== null });
  shown.start();
  if (!open && wanted?.run) {
    shown.session.type(new TextEncoder().encode(`${wanted.run}\r`));
  }
  // Until the prompt is there, or what is typed would be shown twice: by the terminal, and by the shell once it reads.
  shown.keyboard.use(early);
  await printed(shown);
  early.flush(bytes => shown.session.type(bytes));
  shown.keyboard.use(shown.session);
  const command = root.dataset["command"];
  if (command && !isAsked) {
    isAsked = true;
    askCommand(shown, command, root.dataset["page"] ?? null);
  }
}

/** The terminal printed something, or took its time. */
function printed({ view }: TerminalPane): Promise<void> {
  return new Promise(resolve => {
    const parsed = view.terminal.onWriteParsed(() => done());
    const timer = setTimeout(() => done(), promptMayTake);
    const done = (): void => {
      parsed.dispose();
      clearTimeout(timer);
      resolve();
    };
  });
}

/** The shell ended, or its terminal was closed elsewhere. The sandbox may have ended with it. */
function end(): void {
  const session = pane!.session;
  over.add(session.id);
  terminal = "over";
  watch.later(300);
  if (watch.now?.state === "running") {
    panel.show({ kind: "ended", title: endWords(session), text: "The sandbox goes on.", actions: [{ label: "New shell", run: enterAgain, primary: true }] });
  }
}

async function renewPane(): Promise<void> {
  pane?.dispose();
  pane = null;
  delete root.dataset["session"];
  await makePane();
}

async function act(action: "resume" | "start"): Promise<void> {
  try {
    await watch.act(action);
    if (action === "start") {
      terminal = "absent";
    }
  } catch (error) {
    panel.show(refusedStart(error as Problem, () => void act(action)));
    return;
  }
  await watch.poll();
}

async function pauseByPage(): Promise<void> {
  if (watch.now?.state !== "running" || terminal !== "there") {
    return;
  }
  isPausedByPage = true;
  await watch.act("pause").catch(() => undefined);
  await watch.poll();
}

function say(state: FrameState): void {
  embedder.say({ sandbox: "state", state });
}

function tick(): void {
  const playground = watch.now;
  if (!playground || playground.state === "ended") {
    return;
  }
  const endsAt = Date.parse(playground.lease.endsAt);
  byId("ws-time").textContent = timeLeft(endsAt, Date.now());
  byId("ws-lease").classList.toggle("soon", endsSoon(endsAt, Date.now()));
  if (endsAt <= Date.now() && playground.state !== "queued" && playground.state !== "starting") {
    watch.later(500);
  }
}
