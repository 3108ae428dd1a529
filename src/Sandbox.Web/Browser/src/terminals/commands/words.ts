import { shown } from "../../page/visible";
import type { Command } from "./command-log";
import { duration } from "./mark";

/** ok, failed, running, or unknown if the shell did not report the exit code. */
export function outcome(command: Command): "ok" | "failed" | "running" | "unknown" {
  return command.running ? "running" : command.exitCode === null ? "unknown" : command.exitCode === 0 ? "ok" : "failed";
}

export function outcomeWords(command: Command): string {
  const took = command.startedAt !== null && command.endedAt !== null ? `, ${duration(command.endedAt - command.startedAt)}` : "";
  return command.running ? "running" : command.exitCode === null ? `over${took}` : `exit code ${command.exitCode}${took}`;
}

/** The line, or the text on the screen if the shell does not report it. */
export function lineOf(command: Command): string {
  return shown(command.line ?? command.seen) + (command.cut ? "…" : "");
}
