import type { Command } from "../../terminals/commands/command-log";
import type { TerminalCommands } from "../../terminals/commands/terminal-commands";

/** The outcome of the lines that a block typed. */
export type RunState =
  | { readonly kind: "sent" | "running" | "passed" | "unknown" }
  | { readonly kind: "failed"; readonly code: number };

/** The next line of a paste begins within this time after the line before ended, in ms. */
const patience = 500;

/**
 * Follows the commands that begin in a terminal from now on, as many as there are lines, and says how they end. Shells
 * report them by marks; without marks the state stays `sent`.
 * @returns a function that ends it
 */
export function followRun(commands: Pick<TerminalCommands, "log" | "follow">, lines: number, changed: (state: RunState) => void, now: () => number = () => performance.now()): () => void {
  const before = new Set(commands.log.commands);
  const taken: Command[] = [];
  let endedAt = 0;
  let failed: number | null = null;
  const stop = commands.follow(command => {
    if (!command || before.has(command)) {
      return;
    }
    if (!taken.includes(command)) {
      if (taken.length >= lines || (taken.length > 0 && now() - endedAt > patience)) {
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
