/** What the server says about the shell of a terminal. */
export interface ShellNow {
  /** Marks in the output count only if they carry it, see `parseMark`. */
  nonce: string;
  /** commands: the shell marks the begin and the end of each command. prompts: only the end. */
  integration?: "commands" | "prompts" | null;
  /** The running command. `command` is its line, or the beginning of it if `truncated`. */
  running?: { command?: string; truncated?: boolean } | null;
}
