import { pathOf } from "../files/path";
import { make } from "../page/dom";
import { Splitter } from "../page/splitter";
import type { PlaceTerminal, TutorialPlace } from "../tutorial/run/place";
import type { TutorialPane } from "../tutorial/tutorial-pane";
import type { Editor } from "./start-editor";
import type { Tabs } from "./tabs";
import type { Place, TerminalTab } from "./terminal-tab";

/** The instructions of a tutorial at the left of the terminals; on a phone a switch shows one of the two. */
export interface Tutorial {
  /** Reserves its place: called before the first terminal is measured. */
  reserve(): void;
  /** Loads and shows it, once the playground's terminals are there. */
  start(playground: string): Promise<void>;
  focus(): void;
  /** Shows the terminals, and what is beside them, where a switch hides them. */
  showTerminals(): void;
}

/** The parts of a tutorial's place that a page and a frame have each in their own way. */
export type TutorialWays = Pick<TutorialPlace, "keepWords" | "keep" | "moved"> & {
  /** A link that opens a port of a sandbox, without words. */
  portLink(sandbox: string, port: number, path: string): HTMLAnchorElement;
};

export function startTutorial(root: HTMLElement, element: HTMLElement, bar: HTMLElement, tabs: Tabs, editor: Editor, machines: () => readonly Place[], ways: TutorialWays): Tutorial {
  let pane: TutorialPane | null = null;
  let begun: string | null = null;
  const text = make("button", "", "Text");
  const terminal = make("button", "", "Terminal");
  text.type = terminal.type = "button";
  bar.append(text, terminal);
  const view = (shown: "text" | "terminal"): void => {
    root.dataset["view"] = shown;
    text.setAttribute("aria-pressed", String(shown === "text"));
    terminal.setAttribute("aria-pressed", String(shown === "terminal"));
  };
  text.addEventListener("click", () => view("text"));
  terminal.addEventListener("click", () => {
    view("terminal");
    tabs.stage.focus();
  });

  const reserve = (): void => {
    if (element.hidden) {
      root.classList.add("with-tutorial");
      element.hidden = bar.hidden = false;
      new Splitter(element.querySelector(".ws-edge")!, root, "tutorial-size", innerWidth < 1000 ? .44 : .34, () => ({ axis: "x", grows: 1 }));
      view("text");
    }
  };
  const terminalListeners = new Set<(terminal: PlaceTerminal) => void>();
  const activeListeners = new Set<() => void>();
  tabs.onTerminal(tab => terminalListeners.forEach(listener => listener(tab)));
  tabs.onActive(() => activeListeners.forEach(listener => listener()));
  const placeOf = (playground: string): TutorialPlace => {
    const open = async (name: string | null, machine?: Place): Promise<TerminalTab> => {
      const before = new Set(tabs.all.map(tab => tab.id));
      await tabs.open(machine ? { sandbox: machine } : {});
      const tab = tabs.all.find(tab => !before.has(tab.id));
      if (!tab) {
        throw new Error("No terminal could be opened.");
      }
      if (name !== null) {
        tab.onRename(name);
      }
      return tab;
    };
    const live = (): TerminalTab[] => tabs.all.filter(tab => tab.pane && !tab.pane.session.isOver);
    /** The machine of a number; undefined where the playground has one, or fewer than the author thinks. */
    const machineOf = (host: number | undefined): Place | undefined => host && machines().length > 1 ? machines()[host - 1] : undefined;
    const sandbox = (): string | null => tabs.activeTab?.sandbox.id ?? machines()[0]?.id ?? null;
    const found = (number: number, host: number | undefined): TerminalTab | undefined => {
      const machine = machineOf(host);
      return live().filter(tab => !machine || tab.sandbox.id === machine.id)[number - 1];
    };
    return {
      playground,
      terminals: live,
      active: () => {
        const tab = tabs.activeTab;
        return tab?.pane && !tab.pane.session.isOver ? tab : live()[0] ?? null;
      },
      numbered: async (number, host) => {
        let tab = found(number, host);
        while (!tab) {
          await open(null, machineOf(host));
          tab = found(number, host);
        }
        return tab;
      },
      found: (number, host) => found(number, host) ?? null,
      machine: host => machineOf(host)?.name ?? null,
      named: async name => live().find(tab => tab.given === name) ?? await open(name),
      another: () => open(null),
      show: shown => {
        tabs.stage.reveal(shown.id);
        view("terminal");
      },
      onTerminal: listener => {
        tabs.all.filter(tab => tab.pane).forEach(listener as (tab: PlaceTerminal) => void);
        terminalListeners.add(listener);
        return () => terminalListeners.delete(listener);
      },
      onActive: listener => {
        activeListeners.add(listener);
        return () => activeListeners.delete(listener);
      },
      edit: async (path, from, line) => {
        const id = sandbox();
        if (id) {
          await editor.open(id, pathOf(absolute(path, from)), line);
        }
      },
      portLink: (port, path, host) => {
        const id = machineOf(host)?.id ?? sandbox();
        return id === null ? null : ways.portLink(id, port, path);
      },
      showEditor: () => editor.show(),
      wrote: path => {
        editor.refresh();
        if (editor.isShown) {
          const id = sandbox();
          if (id) {
            void editor.open(id, pathOf(path));
          }
        }
      },
      keepWords: ways.keepWords,
      keep: () => ways.keep(),
      moved: playground => ways.moved(playground),
      stepShown: words => {
        text.textContent = words;
      },
    };
  };
  return {
    reserve,
    start: async playground => {
      reserve();
      if (begun === playground) {
        return;
      }
      begun = playground;
      const { TutorialPane } = await import("../tutorial/tutorial-pane");
      pane?.dispose();
      element.replaceChildren(element.querySelector(".ws-edge")!);
      terminalListeners.clear();
      activeListeners.clear();
      pane = new TutorialPane(element, placeOf(playground));
      await pane.begin();
    },
    focus: () => {
      view("text");
      pane?.focus();
    },
    showTerminals: () => {
      if (!element.hidden) {
        view("terminal");
      }
    },
  };
}

/** A path of the author as the sandbox has it. */
function absolute(path: string, from: string): string {
  const home = path.replace(/^~(?=\/|$)/, "/root");
  const whole = home.startsWith("/") ? home : `${from.replace(/\/$/, "")}/${home}`;
  const parts: string[] = [];
  for (const part of whole.split("/")) {
    if (part === "..") {
      parts.pop();
    } else if (part !== "" && part !== ".") {
      parts.push(part);
    }
  }
  return `/${parts.join("/")}`;
}
