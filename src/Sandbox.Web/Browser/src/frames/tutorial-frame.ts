// A tutorial in a frame of somebody's page: its text beside its terminals. Its visitor is a guest by token.
import type { FrameState } from "../embed/messages";
import { api, type Playground, Problem, useBearer, type WantedTerminal } from "../page/api";
import { endsSoon, timeLeft } from "../page/countdown";
import { keysBelongTo } from "../page/keys-home";
import { Panel } from "../page/panel";
import { toast } from "../page/toast";
import { followViewport } from "../page/viewport";
import { LinkBar } from "../terminal-page/link-bar";
import { KeyBar } from "../terminals/input/key-bar";
import { hubWords } from "../terminals/session/hub-error";
import { HubLink } from "../terminals/session/hub-link";
import { tokenConnection } from "../terminals/session/signalr-connection";
import { followWakes } from "../terminals/session/wake";
import { startTerminalTheme } from "../terminals/view/terminal-theme";
import { launch, newKey, prerendered } from "../workspace/launch";
import { noTerminal } from "../workspace/playground-panels";
import { PlaygroundWatch } from "../workspace/playground-watch";
import { startEditor } from "../workspace/start-editor";
import { startTutorial } from "../workspace/start-tutorial";
import { Tabs } from "../workspace/tabs";
import { agreed } from "./asking";
import { Embedder } from "./embedder";
import { frameStateOf, notHere, refusedStart } from "./frame-panels";
import { newGuest } from "./guest";
import { tellWhenLeft } from "./leaving";
import { Opening } from "./opening";
import { showTheme } from "./page-theme";
import { portLink } from "./port-link";
import { Slot } from "./slot";

const byId = <T extends HTMLElement = HTMLElement>(id: string): T => document.getElementById(id) as T;

const root = byId("workspace");
const hash = root.dataset["tutorial"]!;
const what = `tutorial ${hash}`;
const stage = byId("ws-stage");
const panel = new Panel(byId("ws-panel"), stage);
const embedder = new Embedder();
const slot = new Slot(new URLSearchParams(location.search).get("slot") ?? "");
let token = "";
const link = new HubLink(failures => tokenConnection(failures, token));
const watch = new PlaygroundWatch({ changed: show, gone });
const opening = new Opening(byId<HTMLButtonElement>("frame-open"), stage, () => watch.now?.id ?? null);
const keyBar: KeyBar = new KeyBar(byId("ws-keys"), () => tabs.active?.keyboard ?? null);
const tabs: Tabs = new Tabs(stage, link, keyBar);
const machines = (): Playground["sandboxes"] => watch.now && watch.now.state !== "ended" ? watch.now.sandboxes : [];
const editor = startEditor(root, byId("ws-editor"), tabs, () => machines()[0]?.id ?? null);
const lesson = startTutorial(root, byId("ws-tutorial"), byId("ws-switch"), tabs, editor, machines, {
  // A private link of a frame's guest would be lost with the frame; in a tab of our own the visitor can save.
  keepWords: "Keep this sandbox in its own tab",
  keep: () => void opening.open(),
  moved: ({ id }) => void move(id),
  portLink,
});

/** How far the terminals of the playground are in the frame. */
let terminals: "absent" | "coming" | "there" = "absent";
let parameters: Record<string, string> = {};
let isPausedByPage = false;

startTerminalTheme(root);
followViewport();
new LinkBar(byId("ws-link"), link);
followWakes(link, () => tabs.sessions, () => void watch.poll());
tabs.onFirst = () => {
  if (watch.now?.state === "running") {
    panel.hide();
  }
};
tabs.onEnded = () => watch.later(700);
embedder.onMessage = message => {
  switch (message.sandbox) {
    case "focus":
      focus();
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
keysBelongTo(() => tabs.active?.focus());
tellWhenLeft(() => watch.now && watch.now.state !== "ended" && !opening.wasOpened ? { playground: watch.now.id, leaving: slot.isKept ? "leave" : "end" } : null);
window.addEventListener("focus", focus);
setInterval(tick, 1000);
void begin();

function focus(): void {
  if (document.activeElement === document.body) {
    tabs.active?.focus();
  }
}

async function begin(): Promise<void> {
  await prerendered();
  embedder.say({ sandbox: "ready" });
  if (await resumed()) {
    return;
  }
  say("asking");
  byId("ws-state").textContent = "asks first";
  ({ parameters } = await agreed(byId("frame-consent")));
  await start();
}

/** The frame was loaded again, as with the page around it: the tutorial goes on. */
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
    byId("frame-consent").hidden = true;
    lesson.reserve();
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
  lesson.reserve();
  panel.show({ kind: "busy", title: `Starting ${root.dataset["title"]}`, text: "Requesting your sandbox" });
  try {
    if (!token) {
      token = await newGuest();
    }
    link.start();
    void tabs.prepare();
    const made = await launch({ tutorial: hash, parameters }, tabs.expectedSize, newKey());
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

/** The tutorial from its beginning, after its playground ended. */
async function again(): Promise<void> {
  slot.forget();
  watch.now = null;
  terminals = "absent";
  tabs.reset();
  await start();
}

/** A step was begun again, in a playground that takes the place of this one. */
async function move(id: string): Promise<void> {
  panel.show({ kind: "busy", title: "Going back to the beginning of the step" });
  slot.keep({ token, playground: id, what });
  watch.now = null;
  terminals = "absent";
  tabs.reset();
  try {
    watch.take(await api<Playground>("GET", `/api/v1/playgrounds/${id}`));
  } catch (error) {
    panel.show(refusedStart(error as Problem, () => void move(id)));
  }
}

function show(next: Playground): void {
  root.dataset["state"] = next.state;
  byId("ws-state").textContent = next.state;
  byId("ws-lease").hidden = next.state === "ended" || next.state === "queued" || next.state === "starting";
  byId("ws-edit").hidden = next.state !== "running";
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
    tabs.detachAll();
    say("ended");
  } else if (next.state === "paused") {
    say("paused");
  }
}

function gone(): void {
  root.dataset["state"] = "ended";
  byId("ws-state").textContent = "not here";
  byId("ws-lease").hidden = byId("ws-edit").hidden = true;
  opening.show(false);
  tabs.detachAll();
  slot.forget();
  panel.show(notHere(opening.wasOpened, () => void again()));
  say("ended");
}

async function enter({ id, sandboxes, hasTerminals }: Playground): Promise<void> {
  if (terminals === "there") {
    panel.hide();
    say("live");
  }
  if (terminals !== "absent" || sandboxes.length === 0) {
    return;
  }
  terminals = "coming";
  try {
    link.start();
    const wanted = hasTerminals ? await api<WantedTerminal[]>("GET", `/api/v1/playgrounds/${id}/terminals`) : [];
    await link.connected();
    await tabs.enter(id, sandboxes.map(({ id, name }) => ({ id, name })), wanted);
    terminals = "there";
    panel.hide();
    say("live");
    await lesson.start(id).catch(() => toast("The tutorial's text could not be loaded.", "error"));
  } catch (error) {
    terminals = "absent";
    if (watch.now?.state !== "running") {
      return;
    }
    if (!link.connection) {
      await link.connected().catch(() => undefined);
      enterAgain();
      return;
    }
    const problem = error instanceof Problem ? error : new Problem("internal", 0, hubWords(error));
    panel.show({ ...noTerminal(problem, enterAgain, enterAgain), actions: [{ label: "Try again", run: enterAgain, primary: true }] });
  }
}

function enterAgain(): void {
  if (watch.now?.state === "running") {
    void enter(watch.now);
  }
}

async function act(action: "resume" | "start"): Promise<void> {
  try {
    await watch.act(action);
    if (action === "start") {
      terminals = "absent";
      tabs.reset();
    }
  } catch (error) {
    panel.show(refusedStart(error as Problem, () => void act(action)));
    return;
  }
  await watch.poll();
}

async function pauseByPage(): Promise<void> {
  if (watch.now?.state !== "running" || terminals !== "there") {
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

byId("ws-edit").addEventListener("click", () => editor.toggle());
