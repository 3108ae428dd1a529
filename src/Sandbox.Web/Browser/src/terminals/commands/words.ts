import { shown } from "../../page/visible";
import type { Command } from "./command-log";
import { duration } from "./mark";

/** ok, failed, running, or unknown where the shell lost track. */
export function outcome(command: Command): "ok" | "failed" | "running" | "unknown" {
  return command.running ? "running" : command.exitCode === null ? "unknown" : command.exitCode === 0 ? "ok" : "failed";
}

export function outcomeWords(command: Command): string {
  const took = command.startedAt !== null && command.endedAt !== null ? `, ${duration(command.endedAt - command.startedAt)}` : "";
  return command.running ? "running" : command.exitCode === null ? `over${took}` : `exit code ${command.exitCode}${took}`;
}

/** The line, or what stands on the screen where the shell does not tell it. */
export function lineOf(command: Command): string {
  return shown(command.line ?? command.seen) + (command.cut ? "…" : "");
}
