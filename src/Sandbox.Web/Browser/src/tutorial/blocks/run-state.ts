import { linesOf } from "../../terminals/input/paste";
import type { Command } from "../../terminals/commands/command-log";
import type { TerminalCommands } from "../../terminals/commands/terminal-commands";

/** The outcome of the lines that a block typed. */
export type RunState =
  | { readonly kind: "sent" | "running" | "passed" | "unknown" }
  | { readonly kind: "failed"; readonly code: number };

/** The next line of a paste begins within this time after the line before ended, in ms. */
const patience = 500;

/**
 * Follows the commands that begin in a terminal from now on, as many as the text has lines, and says how they end. Shells
 * report them by marks; without marks the state stays `sent`. A line that a visitor entered just before may begin only now:
 * what the shell reports as another line is not the text's.
 * @returns a function that ends it
 */
export function followRun(commands: Pick<TerminalCommands, "log" | "follow">, text: string, changed: (state: RunState) => void, now: () => number = () => performance.now()): () => void {
  const lines = linesOf(text);
  const before = new Set(commands.log.commands);
  const taken: Command[] = [];
  let endedAt = 0;
  let failed: number | null = null;
  const stop = commands.follow(command => {
    if (!command || before.has(command)) {
      return;
    }
    if (!taken.includes(command)) {
      if (taken.length === 0 && !isOneOf(lines, command)) {
        return;
      }
      if (taken.length >= lines.length || (taken.length > 0 && now() - endedAt > patience)) {
        stop();
        return;
      }
      taken.push(command);
    }
    if (command.running) {
      changed({ kind: "running" });
      return;
    }
    endedAt = now();
    if (command.exitCode !== null && command.exitCode !== 0) {
      failed ??= command.exitCode;
    }
    changed(failed !== null ? { kind: "failed", code: failed } : { kind: command.exitCode === null ? "unknown" : "passed" });
  });
  return stop;
}

/** Whether a command may have begun with one of these lines: a shell reports a loop as one line, and some lines not at all. */
function isOneOf(lines: readonly string[], { line, cut }: Command): boolean {
  const typed = lines.map(each => each.trim()).filter(each => each !== "");
  if (line === null || typed.length === 0) {
    return true;
  }
  const reported = line.trim();
  return typed.some(each => reported.startsWith(each) || (cut && each.startsWith(reported)));
}
