import { api, headline, type Playground, Problem } from "../api";
import { startCommands } from "../commands/start-commands";
import { endsSoon, timeLeft } from "../countdown";
import { startFiles } from "../files/start-files";
import { LatencyDot } from "../latency/latency-dot";
import { startSharing } from "../sharing/workspace-sharing";
import { HubLink } from "../terminals/hub-link";
import { KeyBar } from "../terminals/key-bar";
import { startRecording } from "../recording/record";
import { preferences, zoomText } from "../terminals/preferences";
import { terminalConnection } from "../terminals/signalr-connection";
import { startTerminalTheme } from "../terminals/terminal-theme";
import { startThemeToggle } from "../theme-toggle";
import { toast } from "../toast";
import { forget } from "./layout-store";
import { LinkBar } from "./link-bar";
import { startFind } from "./find-bar";
import { Panel } from "./panel";
import * as panels from "./playground-panels";
import { fillShortcuts, listenForShortcuts } from "./shortcuts";
import { startSettings } from "./settings";
import { SidePanel } from "./side-panel";
import { hubMessage, Tabs } from "./tabs";
import { followViewport } from "./viewport";

const byId = <T extends HTMLElement = HTMLElement>(id: string): T => document.getElementById(id) as T;

const root = byId("workspace");
const panel = new Panel(byId("ws-panel"));
const link = new HubLink(terminalConnection);
const keyBar: KeyBar = new KeyBar(byId("ws-keys"), () => tabs.active);
const tabs: Tabs = new Tabs(byId("ws-stage"), link, keyBar);
const side = new SidePanel(byId("ws-side"));
const runs: panels.PanelRuns = { remove: () => void remove(), resume: () => void act("resume"), start: () => void act("start") };

let playground: Playground | null = null;
let entered = false;
let pollTimer = 0;
let lost = 0;

startThemeToggle();
startTerminalTheme(root);
followViewport();
startFiles(tabs, side, () => playground?.sandboxes ?? []);
new LinkBar(byId("ws-link"), link);
const latency = new LatencyDot(byId("ws-latency"), link, () => tabs.sessions);
tabs.onTerminal(({ session }) => {
  session.timer = latency.timer();
});
const commandActs = startCommands(tabs, side, byId("ws-commands-live"));
startSharing(tabs, link, byId<HTMLButtonElement>("ws-share"), byId("ws-status"));
tabs.onFirst = () => {
  if (playground?.state === "running") {
    panel.hide();
  }
};

// A shell that ended may have ended with its sandbox.
tabs.onEnded = () => later(300);

void begin();

async function begin(): Promise<void> {
  const { playground: known, launch } = root.dataset;
  if (known) {
    const playground = JSON.parse(known) as Playground;
    show(playground);
    if (playground.state !== "ended") {
      void tabs.prepare();
    }
  } else if (launch) {
    await prerendered();
    // The connection is made while the sandbox is.
    link.start();
    void tabs.prepare();
    await run(launch);
  }
}

async function run(image: string): Promise<void> {
  root.dataset["state"] = "starting";
  byId("ws-state").textContent = "starting";
  panel.show(panels.asking(root.dataset["title"] ?? image));
  try {
    const made = await api<Playground>("POST", "/api/v1/playgrounds", { image }, { "Idempotency-Key": launchKey() });
    history.replaceState(null, "", `/p/${made.id}`);
    show(made);
  } catch (error) {
    refused(error as Problem, () => void run(image));
  }
}

/** Survives a reload in the middle of a launch: asked again with it, the server gives the same playground. */
function launchKey(): string {
  const url = new URL(location.href);
  let key = url.searchParams.get("key");
  if (!key) {
    key = Array.from(crypto.getRandomValues(new Uint8Array(16)), byte => byte.toString(16).padStart(2, "0")).join("");
    url.searchParams.set("key", key);
    history.replaceState(null, "", url);
  }
  return key;
}

function refused(problem: Problem, again: () => void): void {
  root.dataset["state"] = "refused";
  byId("ws-state").textContent = "not started";
  panel.show(panels.refusedLaunch(problem, again));
}

function show(next: Playground): void {
  playground = next;
  root.dataset["state"] = next.state;
  byId("ws-state").textContent = next.state;
  byId("ws-files").hidden = next.state !== "running" && next.state !== "stopped" && next.state !== "paused";
  byId("ws-actions").hidden = next.state === "ended" || next.state === "queued" || next.state === "starting";
  for (const item of document.querySelectorAll<HTMLElement>("[data-when]")) {
    item.hidden = !item.dataset["when"]!.split(" ").includes(next.state);
  }
  byId("ws-share").hidden = next.state !== "running";
  byId("ws-lease").hidden = next.state === "ended" || next.state === "queued" || next.state === "starting";
  byId("ws-extend").hidden = !next.lease.canExtend;
  tick();

  const content = panels.stateOf(next, root.dataset["title"] ?? next.image, runs);
  if (content) {
    panel.show(content);
  } else {
    if (!entered) {
      panel.show(panels.openingShell);
    }
    void enter();
  }
  if (next.state === "ended") {
    ended(next);
  }
  later(next.state === "queued" || next.state === "starting" ? 300 : 15_000);
}

function ended(next: Playground): void {
  clearTimeout(pollTimer);
  tabs.detachAll();
  link.close();
  side.close();
  forget(next.id);
  // What was on the screen stays readable behind the words; nothing there can be used any more.
  byId("ws-stage").inert = true;
}

/** Once it runs: wait for the connection, then show its terminals. */
async function enter(): Promise<void> {
  if (!playground?.sandboxes.length) {
    return;
  }
  if (entered) {
    panel.hide();
    return;
  }
  entered = true;
  try {
    link.start();
    await connected();
    await tabs.enter(playground.id, playground.sandboxes.map(({ id, name }) => ({ id, name })));
    panel.hide();
  } catch (error) {
    entered = false;
    if (playground?.state !== "running") {
      return;
    }
    if (!link.connection) {
      // The connection went away in between; coming back starts over, and looks first whether a shell is open.
      await connected();
      void enter();
      return;
    }
    const problem = error instanceof Problem ? error : new Problem("internal", 0, hubMessage(error));
    panel.show(panels.noShell(problem, () => void enter()));
  }
}

function connected(): Promise<void> {
  return new Promise(resolve => {
    if (link.connection) {
      resolve();
      return;
    }
    const stop = link.onState(() => {
      if (link.connection) {
        stop();
        resolve();
      }
    });
  });
}

async function poll(): Promise<void> {
  if (!playground || playground.state === "ended") {
    return;
  }
  try {
    const next = await api<Playground>("GET", `/api/v1/playgrounds/${playground.id}`);
    lost = 0;
    show(next);
  } catch (error) {
    const problem = error as Problem;
    if (problem.status === 404) {
      clearTimeout(pollTimer);
      link.close();
      panel.show(panels.notHere);
      return;
    }
    lost++;
    later(Math.min(1000 * lost, 10_000));
  }
}

function later(ms: number): void {
  clearTimeout(pollTimer);
  if (playground?.state !== "ended") {
    pollTimer = window.setTimeout(() => void poll(), ms);
  }
}

async function act(action: string): Promise<void> {
  if (!playground) {
    return;
  }
  const words: Record<string, string> = { start: "Starting", stop: "Stopping", restart: "Restarting", pause: "Pausing", resume: "Resuming" };
  if (action !== "pause" && action !== "resume") {
    panel.show({ kind: "busy", title: words[action] ?? "Working" });
  }
  try {
    for (const sandbox of playground.sandboxes) {
      await api("POST", `/api/v1/sandboxes/${sandbox.id}/${action}`);
    }
    if (action === "start" || action === "restart" || action === "stop") {
      // What ran in the terminals is gone with the sandbox's processes; look afresh.
      entered = false;
      tabs.reset();
    }
  } catch (error) {
    const problem = error as Problem;
    toast(`${headline(problem.code)}. ${problem.message}`, "error");
    panel.hide();
  }
  await poll();
  tabs.active?.focus();
}

async function extend(): Promise<void> {
  const button = byId<HTMLButtonElement>("ws-extend");
  button.disabled = true;
  try {
    show(await api<Playground>("POST", `/api/v1/playgrounds/${playground!.id}/extend`));
    toast(`Extended: ${timeLeft(Date.parse(playground!.lease.endsAt), Date.now())} left`);
  } catch (error) {
    toast((error as Problem).message, "error");
    await poll();
  } finally {
    button.disabled = false;
    tabs.active?.focus();
  }
}

async function remove(): Promise<void> {
  try {
    await api("DELETE", `/api/v1/playgrounds/${playground!.id}`);
    await poll();
  } catch (error) {
    toast((error as Problem).message, "error");
  }
}

function tick(): void {
  if (!playground || playground.state === "ended") {
    return;
  }
  const endsAt = Date.parse(playground.lease.endsAt);
  const time = byId("ws-time");
  time.textContent = timeLeft(endsAt, Date.now());
  const soon = endsSoon(endsAt, Date.now());
  if (soon && !byId("ws-lease").classList.contains("soon")) {
    byId("ws-live").textContent = `Less than five minutes left.${playground.lease.canExtend ? " You can extend." : ""}`;
  }
  byId("ws-lease").classList.toggle("soon", soon);
  if (endsAt <= Date.now() && playground.state !== "queued" && playground.state !== "starting") {
    later(500);
  }
}

/** A page that a browser renders ahead of a click must not start anything. */
function prerendered(): Promise<void> {
  return new Promise(resolve => {
    if ("prerendering" in document && document.prerendering) {
      document.addEventListener("prerenderingchange", () => resolve(), { once: true });
    } else {
      resolve();
    }
  });
}

setInterval(tick, 1000);

/** What the page's buttons and keys do, by their `data-act`. */
const acts: Record<string, () => void> = {
  "remove": () => byId<HTMLDialogElement>("confirm-remove").showModal(),
  "extend": () => void extend(),
  "new": () => void tabs.create(),
  "close": () => tabs.closeActive(),
  "rename": () => tabs.activeTab?.rename(),
  "previous": () => tabs.step(-1),
  "next": () => tabs.step(1),
  "move-left": () => tabs.moveActive(-1),
  "move-right": () => tabs.moveActive(1),
  "split-right": () => void tabs.create("right"),
  "split-down": () => void tabs.create("down"),
  "focus-left": () => tabs.toPane("left"),
  "focus-right": () => tabs.toPane("right"),
  "focus-up": () => tabs.toPane("up"),
  "focus-down": () => tabs.toPane("down"),
  "zoom": () => tabs.zoomPane(),
  "find": startFind(byId<HTMLFormElement>("ws-find"), () => tabs.active),
  "larger": () => zoom(1),
  "smaller": () => zoom(-1),
  "settings": startSettings(() => tabs.active?.focus()),
  "screen-reader": () => {
    preferences.change({ screenReader: !preferences.now.screenReader });
    tabs.active?.focus();
  },
  "record": () => void record(),
  ...commandActs,
  "shortcuts": () => {
    fillShortcuts(byId("ws-shortcuts-list"));
    byId<HTMLDialogElement>("ws-shortcuts").showModal();
  },
};
for (const action of ["start", "stop", "restart", "pause", "resume"]) {
  acts[action] = () => void act(action);
}
const record = startRecording(link, tabs, byId("ws-status"), document.querySelector<HTMLElement>('[data-act="record"]')!);
const screenReader = document.querySelector('[data-act="screen-reader"]')!;
const showScreenReader = (): void => screenReader.setAttribute("aria-checked", String(preferences.now.screenReader));
showScreenReader();
preferences.onChange(showScreenReader);
side.onClosed = () => tabs.active?.focus();
tabs.onFind = () => acts["find"]!();

document.addEventListener("click", event => {
  const button = (event.target as Element).closest<HTMLElement>("[data-act]");
  if (button) {
    byId("ws-actions-menu").hidePopover();
    acts[button.dataset["act"]!]?.();
  }
});

listenForShortcuts(acts, () => playground?.state === "running");

byId<HTMLDialogElement>("ws-shortcuts").addEventListener("close", () => tabs.active?.focus());

function zoom(by: number): void {
  toast(`Text size ${zoomText(by)}`);
  tabs.active?.focus();
}

byId<HTMLDialogElement>("confirm-remove").addEventListener("close", event => {
  const dialog = event.target as HTMLDialogElement;
  if (dialog.returnValue === "remove") {
    void remove();
  } else {
    tabs.active?.focus();
  }
  dialog.returnValue = "";
});

function wake(): void {
  if (document.hidden || !playground || playground.state === "ended") {
    return;
  }
  const session = tabs.sessions.find(each => each.state === "live" || each.state === "attaching");
  if (session) {
    void link.probe(connection => session.ping(connection));
  } else {
    link.retryNow();
  }
  void poll();
}
window.addEventListener("online", wake);
document.addEventListener("visibilitychange", wake);
window.addEventListener("pageshow", event => {
  if (event.persisted) {
    wake();
  }
});
link.onState(state => {
  // A restarted server may know of a new state: a playground that ended meanwhile says so at once.
  if (state.kind === "connected" && entered) {
    void poll();
  }
});
