import type { SidePanel } from "../workspace/side-panel";
import type { Tabs } from "../workspace/tabs";
import type { TerminalParts } from "../workspace/terminal-tab";
import type { TerminalSession } from "../terminals/terminal-session";
import type { TerminalView } from "../terminals/terminal-view";
import { toast } from "../toast";
import { type CommandActions, actionsOf } from "./actions";
import { type Command, CommandLog } from "./command-log";
import { Gutter } from "./gutter";
import { lineOf, outcomeWords } from "./words";

const encoder = new TextEncoder();

/** Of the output that is read out with a command's end. */
const mostSaid = 300;

/** The commands of one terminal on the page. */
export interface TerminalCommands extends CommandActions {
  readonly gutter: Gutter;
}

/** Follows the commands of a terminal. `types`: whether whoever is here may type. */
export function followCommands(view: TerminalView, session: TerminalSession, types: boolean, onChange: (command: Command | null) => void, status: HTMLElement | null): TerminalCommands {
  const log = new CommandLog(view.terminal, () => view.isReplaying);
  const enter = async (line: string): Promise<void> => {
    await view.paster.paste(line);
    session.type(encoder.encode("\r"));
  };
  const actions = { log, enter: types ? enter : null, focus: () => view.focus() };
  const gutter = new Gutter(view.element, actions);
  view.onSkipped = () => log.skipped();
  session.onShell = shell => {
    const first = !log.tells;
    log.told(shell);
    if (first) {
      onChange(null);
    }
  };
  log.onChange = command => {
    if (command?.running) {
      // One that begins is what keys are about from now on.
      gutter.leave();
    }
    gutter.refresh();
    onChange(command);
  };
  log.onDone = command => {
    if (status && view.terminal.options.screenReaderMode) {
      const output = log.outputOf(command).trim();
      status.textContent = `${lineOf(command) || "Command"}: ${outcomeWords(command)}. ${output.length > mostSaid ? `${output.slice(0, mostSaid)}…` : output}`;
    }
  };
  return { ...actions, gutter };
}

/** Commands in the workspace: marks beside them, keys that go from one to the other, and the list of them. */
export function startCommands(tabs: Tabs, side: SidePanel, status: HTMLElement): Record<string, () => void> {
  const all = new WeakMap<TerminalParts, TerminalCommands>();
  const listeners = new Set<(command: Command | null) => void>();
  let active: TerminalParts | null = null;
  const current = (): TerminalCommands | null => active && all.get(active) || null;
  const tell = (command: Command | null): void => listeners.forEach(listener => listener(command));
  tabs.onTerminal(parts => {
    all.set(parts, followCommands(parts.view, parts.session, true, command => {
      if (parts === active) {
        tell(command);
      }
    }, status));
  });
  tabs.runsIn = parts => all.get(parts)?.log.runs ?? null;
  tabs.onActive(parts => {
    active = parts;
    tell(null);
  });
  side.add("commands", {
    title: "Commands",
    show: async element => {
      const { showCommands } = await import("./panel");
      return showCommands(element, current, listener => {
        listeners.add(listener);
        return () => listeners.delete(listener);
      });
    },
  });
  return { ...commandActs(current), "commands": () => void side.toggle("commands") };
}

/** What keys do with the commands of a terminal. */
export function commandActs(current: () => TerminalCommands | null): Record<string, () => void> {
  const about = (run: (commands: TerminalCommands, command: Command) => void): void => {
    const commands = current();
    const command = commands?.gutter.chosen;
    if (commands && command) {
      run(commands, command);
    } else {
      toast("No command of this terminal is known yet");
    }
  };
  return {
    "command-before": () => current()?.gutter.jump(-1),
    "command-after": () => current()?.gutter.jump(1),
    "command-menu": () => about((commands, command) => commands.gutter.open(command)),
    "command-output": () => about((commands, command) => actionsOf(command, commands)[0]!.run()),
  };
}
