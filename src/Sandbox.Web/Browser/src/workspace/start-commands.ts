import { commandActs } from "../terminals/commands/acts";
import type { Command } from "../terminals/commands/command-log";
import type { TerminalCommands } from "../terminals/commands/terminal-commands";
import { lineOf, outcomeWords } from "../terminals/commands/words";
import type { TerminalPane } from "../terminals/terminal-pane";
import type { SidePanel } from "./side-panel";
import type { Tabs } from "./tabs";

/** The longest output that is announced at a command's end, in characters. */
const mostSaid = 300;

/** Commands in the workspace: the list beside the terminals, announcements for screen readers, and what shortcuts do. */
export function startCommands(tabs: Tabs, side: SidePanel, status: HTMLElement): Record<string, () => void> {
  const listeners = new Set<(command: Command | null) => void>();
  let active: TerminalPane | null = null;
  const current = (): TerminalCommands | null => active?.commands ?? null;
  const notify = (command: Command | null): void => listeners.forEach(listener => listener(command));
  tabs.onTerminal(({ pane }) => {
    pane.commands.onChange = command => {
      if (pane === active) {
        notify(command);
      }
    };
    pane.commands.onDone = command => {
      if (pane.view.terminal.options.screenReaderMode) {
        status.textContent = announcement(pane.commands, command);
      }
    };
  });
  tabs.onActive(tab => {
    active = tab?.pane ?? null;
    notify(null);
  });
  side.add("commands", {
    title: "Commands",
    show: async element => {
      const { showCommands } = await import("./commands-panel");
      return showCommands(element, current, listener => {
        listeners.add(listener);
        return () => listeners.delete(listener);
      });
    },
  });
  return { ...commandActs(current), "commands": () => void side.toggle("commands") };
}

function announcement({ log }: TerminalCommands, command: Command): string {
  const output = log.outputOf(command).trim();
  return `${lineOf(command) || "Command"}: ${outcomeWords(command)}. ${output.length > mostSaid ? `${output.slice(0, mostSaid)}…` : output}`;
}
