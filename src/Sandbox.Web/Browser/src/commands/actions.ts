import { toast } from "../toast";
import type { Command, CommandLog } from "./command-log";
import { canRepeat } from "./mark";

/** What can be done with a command of one terminal. */
export interface CommandActions {
  readonly log: CommandLog;
  /** Types bytes into the terminal; null for who may only watch. */
  readonly type: ((text: string) => void) | null;
  focus(): void;
}

export interface Action {
  label: string;
  run(): void;
}

export function actionsOf(command: Command, actions: CommandActions): Action[] {
  const { log, type } = actions;
  const line = command.line ?? command.seen;
  return [
    { label: "Copy output", run: () => void copy(log.outputOf(command), "output") },
    ...line ? [{ label: "Copy command", run: () => void copy(line, "command") }] : [],
    ...type && canRepeat(command.line, command.cut) ? [{ label: "Run again", run: () => repeat(command.line!, actions) }] : [],
  ];
}

/** Pasted, so that no line of it runs by itself, and then entered. */
function repeat(line: string, { log, type, focus }: CommandActions): void {
  if (log.running || log.terminal.buffer.active.type === "alternate") {
    toast("Another command still runs; wait for it, or interrupt it", "error");
    return;
  }
  log.terminal.paste(line);
  type?.("\r");
  focus();
}

async function copy(text: string, what: string): Promise<void> {
  if (!text) {
    toast(`There is no ${what} any more`, "error");
    return;
  }
  try {
    await navigator.clipboard.writeText(text);
    toast(`Copied the ${what}`);
  } catch {
    toast("The browser does not let this page copy", "error");
  }
}
