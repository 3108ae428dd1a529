import { writeClipboard } from "../../page/clipboard";
import { toast } from "../../page/toast";
import type { Command, CommandLog } from "./command-log";
import { repeatable } from "./mark";

/** The terminal that the actions of a command apply to. */
export interface CommandActions {
  readonly log: CommandLog;
  /** Pastes a line into the terminal and enters it; null for a viewer who may only watch. */
  readonly enter: ((line: string) => Promise<void>) | null;
  focus(): void;
}

export interface Action {
  label: string;
  run(): void;
}

export function actionsOf(command: Command, actions: CommandActions): Action[] {
  const { log, enter } = actions;
  const line = repeatable(command.line, command.cut);
  const text = command.line === null ? repeatable(command.seen, command.cut) : line;
  return [
    { label: "Copy output", run: () => void copy(log.outputOf(command), "output") },
    ...text ? [{ label: "Copy command", run: () => void copy(text, "command") }] : [],
    ...enter && line ? [{ label: "Run again", run: () => repeat(line, actions) }] : [],
  ];
}

function repeat(line: string, actions: CommandActions): void {
  if (!actions.log.isReady) {
    toast("The prompt is busy: wait for the running command, or clear the line", "error");
    return;
  }
  void actions.enter?.(line);
  actions.focus();
}

async function copy(text: string, what: string): Promise<void> {
  if (!text) {
    toast(`The ${what} is no longer available`, "error");
    return;
  }
  if (await writeClipboard(text)) {
    toast(`Copied the ${what}`);
  } else {
    toast("The browser blocked copying", "error");
  }
}
