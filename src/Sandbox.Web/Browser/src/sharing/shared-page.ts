import { timeLeft } from "../page/countdown";
import { keysBelongTo } from "../page/keys-home";
import { Panel, type PanelContent } from "../page/panel";
import { scripted } from "../page/scripted";
import { startThemeToggle } from "../page/theme-toggle";
import { followViewport } from "../page/viewport";
import { RecordingSigns } from "../recording/signs";
import { startFind } from "../terminal-page/find-bar";
import { LinkBar } from "../terminal-page/link-bar";
import { startSettings } from "../terminal-page/settings";
import { listenForShortcuts } from "../terminal-page/shortcuts";
import { commandActs } from "../terminals/commands/acts";
import { KeyBar } from "../terminals/input/key-bar";
import { HubLink } from "../terminals/session/hub-link";
import { tokenConnection } from "../terminals/session/signalr-connection";
import { followWakes } from "../terminals/session/wake";
import { TerminalPane } from "../terminals/terminal-pane";
import { painterReady } from "../terminals/view/painter";
import { selectText } from "../terminals/view/select-text";
import { startTerminalTheme } from "../terminals/view/terminal-theme";
import { Announcer } from "./announcer";
import { Audience } from "./audience";
import { type Refusal, whyRefused } from "./refusal";
import { SizeFollower } from "./size-follower";
import { savedName, ViewerList } from "./viewer-list";

/** The hub's answer about the link. */
interface Shared {
  terminalId: string;
  image: string;
  title: string;
  access: "watch" | "type";
  expiresAt: string | null;
}

const byId = <T extends HTMLElement = HTMLElement>(id: string): T => document.getElementById(id) as T;

// The token stays behind the #, where neither a log nor a Referer sees it.
const token = location.hash.slice(1);
const root = byId("workspace");
const panel = new Panel(byId("ws-panel"), byId("shared-panel"));
const link = new HubLink(failures => tokenConnection(failures, token));
const signs = new RecordingSigns(link, byId("ws-status"));
let pane: TerminalPane | null = null;
let audience: Audience | null = null;
let shared: Shared | null = null;

const own = { label: "Try a sandbox of your own", href: "/" };
const panels: Record<Refusal | "exited" | "gone", PanelContent> = {
  unknown: { kind: "error", title: "This link is incomplete or expired", text: "Ask the person who sent it for the full link, or for a new one.", actions: [own] },
  revoked: { kind: "ended", title: "This link was revoked", text: "The owner of the terminal revoked it. Ask them for a new link if you still need one.", actions: [own] },
  expired: { kind: "ended", title: "This link has expired", text: "Ask the owner of the terminal for a new one.", actions: [own] },
  ended: { kind: "ended", title: "This playground has ended", text: "The shared terminal ended with it.", actions: [own] },
  full: { kind: "note", title: "This terminal is full", text: "It has as many viewers as it allows. The page retries automatically." },
  exited: { kind: "ended", title: "This terminal has ended", text: "Its program ended. Its output is still shown behind this message.", actions: [own] },
  gone: { kind: "ended", title: "This terminal no longer exists", text: "It was closed. Ask the owner for a link to another one.", actions: [own] },
};

/** What the page's buttons and keys do, by their `data-act`. */
const acts: Record<string, () => void> = {
  "find": startFind(byId<HTMLFormElement>("ws-find"), () => pane?.view ?? null),
  "settings": startSettings(() => pane?.focus()),
  "select-text": () => pane && void selectText(pane.view, undefined, () => pane?.focus()),
  ...commandActs(() => pane?.commands ?? null),
};

startThemeToggle();
startTerminalTheme(root);
document.querySelectorAll<HTMLElement>("[data-act]").forEach(button => button.addEventListener("click", () => {
  // A closing dialog returns the focus to it.
  pane?.focus();
  acts[button.dataset["act"]!]!();
}));
keysBelongTo(() => pane?.focus());
listenForShortcuts(acts, () => pane !== null);
followViewport();
new LinkBar(byId("ws-link"), link);
followWakes(link, () => pane ? [pane.session] : []);
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
document.dispatchEvent(new Event(scripted));

async function enter(): Promise<void> {
  await painterReady;
  const { connection } = link;
  if (pane || !connection) {
    return;
  }
  try {
    shared = await connection.invoke<Shared>("Shared");
  } catch {
    // Revoked just now, or the connection broke: the link retries, or is refused with a reason.
    setTimeout(() => {
      if (link.connection === connection) {
        void enter();
      }
    }, 1000);
    return;
  }
  if (pane) {
    return;
  }
  signs.activate(shared.terminalId);
  const types = shared.access === "type";
  root.dataset["access"] = shared.access;
  byId("shared-image").textContent = shared.title;
  byId("ws-state").textContent = types ? "you can type" : "watching";
  document.title = `${shared.title}, ${types ? "shared to type" : "shared to watch"} · Sandbox`;
  tick();

  const made = pane = new TerminalPane(byId("shared-panel"), link, { host: byId("shared-terminal"), readOnly: !types, silent: true });
  made.keyboard.transform = new KeyBar(byId("ws-keys"), () => pane?.keyboard ?? null).transform;
  made.keyboard.onLeave = () => byId("shared-home").focus();
  made.keyboard.onFind = acts["find"]!;
  made.onState = state => {
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
  audience = new Audience(link, shared.terminalId);
  new SizeFollower(made.view, made.element, audience, false);
  const list = new ViewerList(byId("ws-status"), true, true);
  new Announcer(document.body).listen(audience);
  audience.onChange(() => list.show(audience));
  made.attach(shared.terminalId, { replay: true });
  await audience.first(1000);
  if (root.dataset["state"] !== "shared") {
    // It was revoked meanwhile; the panel that says so stays.
    return;
  }
  made.start();
  // A terminal without output is live too.
  panel.hide();
  if (types) {
    made.focus();
  }
}

/** Asks the server why it refuses the link; a full terminal is retried. */
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
  pane?.detach();
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
