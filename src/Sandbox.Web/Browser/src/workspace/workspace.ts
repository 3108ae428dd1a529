import { LatencyDot } from "../latency/latency-dot";
import { api, headline, type Playground, Problem, type WantedTerminal } from "../page/api";
import { confirmed, stopQuestion } from "../page/confirm";
import { outside } from "../page/dom";
import { keysBelongTo, showModal } from "../page/keys-home";
import { Panel } from "../page/panel";
import { scripted } from "../page/scripted";
import { startThemeToggle } from "../page/theme-toggle";
import { toast } from "../page/toast";
import { followViewport } from "../page/viewport";
import { startFind } from "../terminal-page/find-bar";
import { LinkBar } from "../terminal-page/link-bar";
import { startSettings } from "../terminal-page/settings";
import { fillShortcuts, listenForShortcuts } from "../terminal-page/shortcuts";
import { KeyBar } from "../terminals/input/key-bar";
import { hubWords } from "../terminals/session/hub-error";
import { HubLink } from "../terminals/session/hub-link";
import { terminalConnection } from "../terminals/session/signalr-connection";
import { followWakes } from "../terminals/session/wake";
import { preferences, zoomText } from "../terminals/view/preferences";
import { selectText } from "../terminals/view/select-text";
import { startTerminalTheme } from "../terminals/view/terminal-theme";
import { LastLines } from "./last-lines";
import { prerendered } from "./launch";
import { forget } from "./layout-store";
import { openPalette, paletteItems } from "./palette";
import * as panels from "./playground-panels";
import { PlaygroundWatch } from "./playground-watch";
import { SidePanel } from "./side-panel";
import { startCommands } from "./start-commands";
import { startEditor } from "./start-editor";
import { startEnding } from "./start-ending";
import { startFiles } from "./start-files";
import { askedFor, startLaunch } from "./start-launch";
import { startLease } from "./start-lease";
import { startNodes } from "./start-nodes";
import { startPorts } from "./start-ports";
import { startPreview } from "./start-preview";
import { startRecording } from "./start-recording";
import { startSaving } from "./start-saving";
import { startSharing } from "./start-sharing";
import { startTutorial } from "./start-tutorial";
import { TabTitle } from "./tab-title";
import { Tabs } from "./tabs";

const byId = <T extends HTMLElement = HTMLElement>(id: string): T => document.getElementById(id) as T;

const root = byId("workspace");
const panel = new Panel(byId("ws-panel"), byId("ws-stage"));
const link = new HubLink(terminalConnection);
const keyBar: KeyBar = new KeyBar(byId("ws-keys"), () => tabs.active?.keyboard ?? null);
const tabs: Tabs = new Tabs(byId("ws-stage"), link, keyBar);
const side = new SidePanel(byId("ws-side"));
const runs: panels.PanelRuns = { remove: () => void ending.remove(), resume: () => void act("resume"), start: () => void act("start"), setUp: action => void setUp(action), takeHome: () => saveActs["take-home"]() };

const watch = new PlaygroundWatch({ changed: show, gone });

const lease = startLease(watch, () => tabs.active?.focus());

const ending = startEnding(watch, panel, () => watch.now && show(watch.now));

const run = startLaunch(root, byId("ws-state"), panel, { expectedSize: () => tabs.expectedSize, taken: made => watch.take(made) });

const title = new TabTitle();

/** The notices about a sandbox that the page has shown. */
let noticed: string | null = null;

/** What a stopped playground's program printed last; it is shown once it is there. */
const lastLines = new LastLines(() => watch.now && show(watch.now));

/** How far the terminals of the playground are on the page. */
let terminals: "absent" | "coming" | "there" = "absent";

startThemeToggle();
startTerminalTheme(root);
followViewport();
const editor = startEditor(root, byId("ws-editor"), tabs, () => watch.now && watch.now.state !== "ended" ? watch.now.sandboxes[0]?.id ?? null : null);
startFiles(tabs, side, () => watch.now?.sandboxes ?? [], (sandbox, path) => {
  if (matchMedia("(max-width: 760px)").matches) {
    side.close();
  }
  void editor.open(sandbox, path);
});
const tutorial = startTutorial(root, byId("ws-tutorial"), byId("ws-switch"), tabs, editor, () => watch.now?.sandboxes ?? [], {
  keepWords: "Keep this sandbox",
  keep: () => saveActs.save(),
  moved: ({ id }) => location.assign(`/p/${id}`),
  portLink: (sandbox, port, path) => outside(`/sandboxes/${sandbox}/ports/${port}?path=${encodeURIComponent(path)}`),
});
new LinkBar(byId("ws-link"), link);
const latency = new LatencyDot(byId("ws-latency"), link, () => tabs.sessions);
tabs.onTerminal(({ pane }) => {
  pane.session.timer = latency.timer();
});
const commandActs = startCommands(tabs, side, byId("ws-commands-live"));
const saveActs = startSaving(() => watch.now, () => root.dataset["title"] ?? "",
  () => tabs.all.flatMap(({ pane }) => pane.commands.log.commands.map(command => command.line ?? command.seen)), () => tabs.active?.focus());
const nodes = startNodes(byId("ws-nodes"), tabs, () => watch.now, () => watch.poll());
const preview = startPreview(root, byId("ws-preview"), tabs, () => watch.now, () => tutorial.showTerminals());
const firstPort = startPorts(byId<HTMLButtonElement>("ws-ports"), byId("ws-ports-menu"), () => watch.now, preview, reach);
startSharing(tabs, link, byId<HTMLButtonElement>("ws-share"), byId("ws-status"), saveActs["share-state"]);
tabs.onFirst = () => {
  if (watch.now?.state === "running") {
    panel.hide();
  }
};

// The sandbox may have ended with the shell.
tabs.onEnded = () => watch.later(700);

void begin();

async function begin(): Promise<void> {
  const { playground: known, tutorial: lesson } = root.dataset;
  if (known) {
    const playground = JSON.parse(known) as Playground;
    if (playground.tutorial && playground.state !== "ended") {
      tutorial.reserve();
    }
    watch.take(playground);
    if (playground.state !== "ended") {
      preview.restore(playground);
      void tabs.prepare();
    }
    return;
  }
  const what = askedFor(root.dataset);
  if (what) {
    if (lesson) {
      tutorial.reserve();
    }
    await prerendered();
    // The connection is made while the sandbox is.
    link.start();
    void tabs.prepare();
    await run(what);
  }
}

function show(next: Playground): void {
  title.show(next);
  root.dataset["state"] = next.state;
  byId("ws-state").textContent = next.state;
  byId("ws-files").hidden = byId("ws-edit").hidden = next.state !== "running" && next.state !== "stopped" && next.state !== "paused";
  byId("ws-actions").hidden = next.state === "ended" || next.state === "queued" || next.state === "starting";
  for (const item of document.querySelectorAll<HTMLElement>("[data-when]")) {
    item.hidden = !item.dataset["when"]!.split(" ").includes(next.state);
  }
  byId("ws-share").hidden = next.state !== "running";
  nodes.show(next);
  if (terminals === "there" && next.state !== "ended") {
    tabs.follow(next.sandboxes.map(({ id, name }) => ({ id, name })));
  }
  lease.show(next);
  byId("ws-network").hidden = next.state === "ended";
  byId("ws-network").textContent = panels.networkOf(next);
  const notice = panels.noticeOf(next);
  if (notice && notice !== noticed && next.state === "running") {
    toast(notice, "error");
  }
  noticed = notice;

  const content = panels.stateOf(next, root.dataset["title"] ?? next.image, runs);
  if (content) {
    panel.show(next.state === "stopped" ? { ...content, lines: lastLines.of(next) } : content);
  } else {
    lastLines.forget();
    void enter(next);
  }
  if (next.state === "ended") {
    ended();
    forget(next.id);
  }
}

/** The output stays readable behind the panel. */
function ended(): void {
  tabs.detachAll();
  link.close();
  side.close();
  preview.hide();
}

function gone(): void {
  root.dataset["state"] = "ended";
  byId("ws-state").textContent = "not here";
  for (const id of ["ws-files", "ws-edit", "ws-actions", "ws-share", "ws-nodes", "ws-lease"]) {
    byId(id).hidden = true;
  }
  ended();
  panel.show(panels.notHere);
}

/** Once it runs: wait for the connection, then show its terminals. */
async function enter({ id, sandboxes, hasTerminals }: Playground): Promise<void> {
  if (terminals === "there") {
    panel.hide();
    if (document.activeElement === document.body) {
      // The panel took the focus from the terminal.
      tabs.stage.focus();
    }
  }
  if (terminals !== "absent" || sandboxes.length === 0) {
    return;
  }
  terminals = "coming";
  panel.show(panels.openingShell);
  try {
    link.start();
    const wanted = hasTerminals ? await api<WantedTerminal[]>("GET", `/api/v1/playgrounds/${id}/terminals`) : [];
    await link.connected();
    await tabs.enter(id, sandboxes.map(({ id, name }) => ({ id, name })), wanted);
    terminals = "there";
    panel.hide();
    if (watch.now?.tutorial) {
      void tutorial.start(id).catch(() => toast("The tutorial's text could not be loaded. Reload the page.", "error"));
    }
  } catch (error) {
    terminals = "absent";
    if (watch.now?.state !== "running" || link.state.kind === "closed") {
      return;
    }
    if (!link.connection) {
      // The connection went away in between; coming back starts over, and looks first whether a shell is open.
      await link.connected().catch(() => undefined);
      enterAgain();
      return;
    }
    const problem = error instanceof Problem ? error : new Problem("internal", 0, hubWords(error));
    panel.show(panels.noTerminal(problem, enterAgain, () => void act("restart")));
  }
}

function enterAgain(): void {
  if (watch.now?.state === "running") {
    void enter(watch.now);
  }
}

async function act(action: string): Promise<void> {
  if (!watch.now) {
    return;
  }
  const words: Record<string, string> = { start: "Starting", stop: "Stopping", restart: "Restarting", pause: "Pausing", resume: "Resuming" };
  if (action !== "pause" && action !== "resume") {
    panel.show({ kind: "busy", title: words[action] ?? "Working" });
  }
  try {
    await watch.act(action);
    if (action === "start" || action === "restart" || action === "stop") {
      // The sandbox's processes ended, and the terminals with them: list them again.
      terminals = "absent";
      tabs.reset();
    }
  } catch (error) {
    const problem = error as Problem;
    toast(`${headline(problem.code)}. ${problem.message}`, "error");
    panel.hide();
  }
  await watch.poll();
  tabs.active?.focus();
}

/** Asks before an action that ends running programs. */
async function ask(action: "stop" | "restart"): Promise<void> {
  const question = action === "stop"
    ? stopQuestion
    : { title: "Restart this playground?", text: "All programs end, and it starts again. Your files are kept.", no: "Keep it running", yes: "Restart it" };
  if (await confirmed(question)) {
    await act(action);
  }
}

/** A setup command failed: run it again, or go in without the rest. */
async function setUp(action: "retry" | "enter"): Promise<void> {
  try {
    await watch.setUp(action);
  } catch (error) {
    toast((error as Problem).message, "error");
    await watch.poll();
  }
}

/** Says how the visitor's own programs reach the playground. */
function reach(): void {
  const playground = watch.now;
  if (playground?.state === "running") {
    void import("./tunnel-dialog").then(({ openTunnels }) => openTunnels(playground, () => tabs.stage.focus()));
  }
}

/** Says what keeps the sandboxes apart from others. */
function showReceipt(): void {
  const playground = watch.now;
  if (playground) {
    void import("./receipt-dialog").then(({ openReceipt }) => openReceipt(playground, () => tabs.active?.focus()));
  }
}

/** What the page's buttons and keys do, by their `data-act`. */
const acts: Record<string, () => void> = {
  "remove": () => void ending.remove(),
  "save-end": () => void ending.end(true),
  ...saveActs,
  "extend": () => void lease.extend(),
  "new": () => tabs.stage.create(),
  "close": () => tabs.closeActive(),
  "rename": () => tabs.activeTab?.rename(),
  "previous": () => tabs.stage.step(-1),
  "next": () => tabs.stage.step(1),
  "move-left": () => tabs.stage.moveActive(-1),
  "move-right": () => tabs.stage.moveActive(1),
  "split-right": () => tabs.stage.create("right"),
  "split-down": () => tabs.stage.create("down"),
  "focus-left": () => tabs.stage.toPane("left"),
  "focus-right": () => tabs.stage.toPane("right"),
  "focus-up": () => tabs.stage.toPane("up"),
  "focus-down": () => tabs.stage.toPane("down"),
  "zoom": () => tabs.stage.zoomPane(),
  "find": startFind(byId<HTMLFormElement>("ws-find"), () => tabs.active?.view ?? null),
  "select-text": () => tabs.active && void selectText(tabs.active.view, undefined, () => tabs.active?.focus()),
  "larger": () => zoom(1),
  "smaller": () => zoom(-1),
  "settings": startSettings(() => tabs.active?.focus()),
  "screen-reader": () => {
    preferences.change({ screenReader: !preferences.now.screenReader });
    tabs.active?.focus();
  },
  "record": () => void record(),
  ...commandActs,
  "editor": () => editor.toggle(),
  "tutorial": () => tutorial.focus(),
  "nodes": () => nodes.open(),
  "reach": reach,
  "preview": () => {
    const place = firstPort();
    if (!place && byId("ws-preview").hidden) {
      toast("No program listens on a port yet. Start a server in a terminal.");
    }
    preview.toggle(place);
  },
  "receipt": showReceipt,
  "palette": () => openPalette(paletteItems(byId("ws-actions-menu"), acts), () => tabs.active?.focus()),
  "shortcuts": () => {
    fillShortcuts(byId("ws-shortcuts-list"));
    showModal(byId<HTMLDialogElement>("ws-shortcuts"));
    byId("ws-shortcuts").scrollTop = 0;
  },
};
for (const action of ["start", "pause", "resume"]) {
  acts[action] = () => void act(action);
}
for (const action of ["stop", "restart"] as const) {
  acts[action] = () => void ask(action);
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
    // A dialog gives the focus back as it closes, to whatever had it: keys typed right after are for the terminal.
    tabs.active?.focus();
    acts[button.dataset["act"]!]?.();
  }
});

keysBelongTo(() => tabs.active?.focus());
listenForShortcuts(acts, () => watch.now?.state === "running");
document.dispatchEvent(new Event(scripted));

function zoom(by: number): void {
  toast(`Text size ${zoomText(by)}`);
  tabs.active?.focus();
}

followWakes(link, () => tabs.sessions, () => void watch.poll());
link.onState(state => {
  // A restarted server may know of a new state: a playground that ended meanwhile says so at once.
  if (state.kind === "connected" && terminals === "there") {
    void watch.poll();
  }
});
