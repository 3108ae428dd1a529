import type { InputNotice } from "./session/input-sender";
import type { TerminalSession } from "./session/terminal-session";

/** What happened to input, for people. */
export const inputWords: Record<NonNullable<InputNotice>, string> = {
  full: "The program is not reading its input. Your keys wait here until it does.",
  refused: "Too much input at once: at most 2 MiB can wait for the program",
  uncertain: "The connection broke while input was being sent. Check whether it arrived.",
  lost: "The server did not accept your input. Type it again.",
};

/** How a terminal ended, for people. A program that is no shell is called by its name, and always has its exit code. */
export function endWords({ state, exitCode }: Pick<TerminalSession, "state" | "exitCode">, program = "shell"): string {
  if (state === "gone") {
    return "This terminal no longer exists.";
  }
  const who = program === "shell" ? "The shell" : program;
  if (exitCode === 0 && program === "shell") {
    return "The shell ended.";
  }
  return exitCode !== null && exitCode > 128 && exitCode < 165 ? `${who} was ended by signal ${exitCode - 128}.` : `${who} ended with exit code ${exitCode}.`;
}
