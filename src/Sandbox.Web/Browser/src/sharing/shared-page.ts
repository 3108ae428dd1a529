import { commandActs, followCommands, type TerminalCommands } from "../commands/start-commands";
import { timeLeft } from "../countdown";
import { RecordingSigns } from "../recording/signs";
import { equip, selectText } from "../terminals/equip";
import { HubLink } from "../terminals/hub-link";
import { KeyBar } from "../terminals/key-bar";
import { inputWords } from "../terminals/notices";
import { painterReady } from "../terminals/painter";
import { sharedConnection } from "../terminals/signalr-connection";
import { TerminalSession } from "../terminals/terminal-session";
import { TerminalView } from "../terminals/terminal-view";
import { startTerminalTheme } from "../terminals/terminal-theme";
import { followWakes } from "../terminals/wake";
import { startThemeToggle } from "../theme-toggle";
import { toast } from "../toast";
import { startFind } from "../workspace/find-bar";
import { LinkBar } from "../workspace/link-bar";
import { Panel, type PanelContent } from "../workspace/panel";
import { startSettings } from "../workspace/settings";
import { listenForShortcuts } from "../workspace/shortcuts";
import { followViewport } from "../workspace/viewport";
import { Announcer } from "./announcer";
import { Audience } from "./audience";
import { type Refusal, whyRefused } from "./refusal";
import { SizeFollower } from "./size-follower";
import { savedName, ViewerList } from "./viewer-list";

/** What the link opens, as the hub says it. */
interface Shared {
  terminalId: string;
  image: string;
  access: "watch" | "type";
  expiresAt: string | null;
}

const byId = <T extends HTMLElement = HTMLElement>(id: string): T => document.getElementById(id) as T;

// The token stays behind the #, where neither a log nor a Referer sees it.
const token = location.hash.slice(1);
const root = byId("workspace");
const panel = new Panel(byId("ws-panel"), byId("shared-panel"));
const link = new HubLink(failures => sharedConnection(failures, token));
const signs = new RecordingSigns(link, byId("ws-status"));
let view: TerminalView | null = null;
let session: TerminalSession | null = null;
let audience: Audience | null = null;
let shared: Shared | null = null;
let commands: TerminalCommands | null = null;

const own = { label: "Try a sandbox of your own", href: "/" };
const panels: Record<Refusal | "exited" | "gone", PanelContent> = {
  unknown: { kind: "error", title: "This link opens nothing", text: "It is not whole, or it was made too long ago. Ask whoever sent it for the whole link.", actions: [own] },
  revoked: { kind: "ended", title: "This link was taken back", text: "Whoever shared the terminal has revoked it. Ask them for a new link if you still need one.", actions: [own] },
  expired: { kind: "ended", title: "The time of this link is over", text: "Ask whoever shared the terminal for a new one.", actions: [own] },
  ended: { kind: "ended", title: "This playground has ended", text: "The terminal ended with it. There is nothing more to see here.", actions: [own] },
  full: { kind: "note", title: "No place is free", text: "As many people follow this terminal as it takes. The page tries again by itself." },
  exited: { kind: "ended", title: "This terminal has ended", text: "Its program is over. What it printed stands behind this.", actions: [own] },
  gone: { kind: "ended", title: "This terminal is no longer there", text: "It was closed. Ask whoever shared it for a link to another one.", actions: [own] },
};

/** What the page's buttons and keys do, by their `data-act`. */
const acts: Record<string, () => void> = {
  "find": startFind(byId<HTMLFormElement>("ws-find"), () => view),
  "settings": startSettings(() => view?.focus()),
  "select-text": () => view && void selectText(view, undefined, () => view?.focus()),
  ...commandActs(() => commands),
};

startThemeToggle();
startTerminalTheme(root);
document.querySelectorAll<HTMLElement>("[data-act]").forEach(button => button.addEventListener("click", () => {
  // What a dialog gives the focus back to.
  view?.focus();
  acts[button.dataset["act"]!]!();
}));
listenForShortcuts(acts, () => view !== null);
followViewport();
new LinkBar(byId("ws-link"), link);
followWakes(link, () => session ? [session] : []);
window.addEventListener("hashchange", () => location.reload());
link.onState(state => {
  if (state.kind === "connected") {
    void enter();
  } else if (state.kind === "waiting") {
    void ask();
  }
});
if (token) {
  link.start();
} else {
  end("unknown");
}
setInterval(tick, 1000);

async function enter(): Promise<void> {
  await painterReady;
  const { connection } = link;
  if (session || !connection) {
    return;
  }
  try {
    shared = await connection.invoke<Shared>("Shared");
  } catch {
    // Revoked at this very moment, or the connection broke: it is made again, or refused with a reason. What else it may be passes.
    setTimeout(() => {
      if (link.connection === connection) {
        void enter();
      }
    }, 1000);
    return;
  }
  if (session) {
    return;
  }
  signs.activate(shared.terminalId);
  const types = shared.access === "type";
  root.dataset["access"] = shared.access;
  byId("shared-image").textContent = shared.image;
  byId("ws-state").textContent = types ? "you can type" : "watching";
  document.title = `${shared.image}, ${types ? "shared to type" : "shared to watch"} · Sandbox`;
  tick();

  const host = byId("shared-terminal");
  const keys = new KeyBar(byId("ws-keys"), () => view);
  view = new TerminalView(host);
  Object.assign(host, { terminal: view.terminal });
  view.transform = keys.transform;
  view.answers = false;
  view.onLeave = () => byId("shared-home").focus();
  view.onFind = acts["find"]!;
  equip(view, { bars: byId("shared-bars") });
  view.terminal.options.disableStdin = !types;
  session = new TerminalSession(link, shared.terminalId, view);
  session.onState = state => {
    root.dataset["session"] = state;
    if (state === "live") {
      panel.hide();
      const name = savedName();
      if (name) {
        void audience?.introduce(name).catch(() => undefined);
      }
    } else if (state === "exited" || state === "gone") {
      void ask(state);
    }
  };
  session.onInputNotice = notice => {
    if (notice) {
      toast(inputWords[notice], notice === "full" ? "info" : "error");
    }
  };
  commands = followCommands(view, session, types, () => undefined, null);
  audience = new Audience(link, shared.terminalId);
  new SizeFollower(view, byId("shared-panel"), audience, false);
  const list = new ViewerList(byId("ws-status"), true, true);
  new Announcer(document.body).listen(audience);
  audience.onChange(() => list.show(audience));
  view.use(session, true);
  await audience.first(1000);
  if (root.dataset["state"] !== "shared") {
    // It was taken back meanwhile; the words that say so stay.
    return;
  }
  session.start();
  // A terminal that prints nothing is live all the same.
  panel.hide();
  if (types) {
    view.focus();
  }
}

/** Finds out why the server lets nobody in; what passes by itself is waited for. */
async function ask(state?: "exited" | "gone"): Promise<void> {
  const refusal = await whyRefused(token);
  if (refusal === "full") {
    panel.show(panels.full);
  } else if (refusal) {
    end(refusal);
  } else if (state) {
    end(state);
  }
}

function end(why: Refusal | "exited" | "gone"): void {
  root.dataset["state"] = why;
  byId("ws-state").textContent = "over";
  byId("ws-lease").hidden = true;
  audience?.dispose();
  session?.detach();
  link.close();
  panel.show(panels[why]);
}

function tick(): void {
  const endsAt = shared?.expiresAt ? Date.parse(shared.expiresAt) : null;
  byId("ws-lease").hidden = endsAt === null || root.dataset["state"] !== "shared";
  if (endsAt !== null) {
    byId("ws-time").textContent = timeLeft(endsAt, Date.now());
  }
}
