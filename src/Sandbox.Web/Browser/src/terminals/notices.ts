import type { TerminalSession } from "./terminal-session";

/** What happens to keys, in words. */
export const inputWords = {
  full: "The program is not reading its input. Keys wait here until it does.",
  refused: "Too much at once: up to 2 MiB can wait for the program",
  uncertain: "The connection broke while keys were on their way; look whether they arrived",
  lost: "The server did not take what you typed; type it again",
};

/** The words a hub gave with its refusal, without SignalR's frame around them. */
export function hubWords(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.replace(/^.*HubException:\s*/, "").replace(/^[a-z_]+:\s+/, "");
}

/** How a terminal ended, in words. */
export function endWords({ state, exitCode }: Pick<TerminalSession, "state" | "exitCode">): string {
  if (state === "gone") {
    return "This terminal is no longer there.";
  }
  if (exitCode === 0) {
    return "The shell ended.";
  }
  return exitCode !== null && exitCode > 128 && exitCode < 165 ? `The shell was ended by signal ${exitCode - 128}.` : `The shell ended with exit code ${exitCode}.`;
}
