import { equip } from "../terminals/equip";
import type { HubLink } from "../terminals/hub-link";
import type { KeyBar } from "../terminals/key-bar";
import { inputWords } from "../terminals/notices";
import { TerminalSession } from "../terminals/terminal-session";
import { TerminalView } from "../terminals/terminal-view";
import { toast } from "../toast";
import { allowCopies, copiesAllowed } from "./layout-store";
import type { TerminalTab } from "./terminal-tab";

/** What a terminal of a workspace needs of it. */
export interface Around {
  link: HubLink;
  keys: KeyBar;
  playground: string;
  onFind(): void;
  /** The terminal is live, again or for the first time. */
  onLive(): void;
  /** Its program is over, or it is no longer there. */
  onOver(tab: TerminalTab): void;
}

/** The view of a terminal; `like` is one beside it, of the same size at first. */
export function makeView(host: HTMLElement, like: TerminalView | null): TerminalView {
  const { cols, rows } = like?.terminal ?? {};
  const view = new TerminalView(host, cols && rows ? { cols, rows } : undefined);
  // WebGL paints the screen where nothing else can read it; who looks from outside, as a test does, finds it here.
  Object.assign(host, { terminal: view.terminal });
  return view;
}

/** Gives a tab its view and its session, and each what it has to know of the others; the session is not started yet. */
export function beginTerminal(tab: TerminalTab, view: TerminalView, replay: boolean, around: Around): TerminalSession {
  const session = new TerminalSession(around.link, tab.id, view);
  tab.view = view;
  tab.session = session;
  view.transform = around.keys.transform;
  view.onFind = () => around.onFind();
  view.onLeave = () => tab.button.focus();
  view.onTitle = title => {
    tab.title = title;
  };
  equip(view, {
    bars: tab.bars,
    copies: { allowed: () => copiesAllowed(around.playground), allow: () => allowCopies(around.playground) },
    onDirectory: path => {
      tab.directory = path;
    },
  });
  session.onState = state => {
    tab.item.dataset["state"] = state;
    if (state === "live") {
      around.onLive();
    } else if (state === "exited" || state === "gone") {
      around.onOver(tab);
    }
  };
  session.onInputNotice = notice => {
    if (notice === "full") {
      tab.note(inputWords.full);
    } else if (notice) {
      toast(inputWords[notice], "error");
    } else if (session.state === "live") {
      tab.hideNote();
    }
  };
  view.use(session, replay);
  return session;
}
