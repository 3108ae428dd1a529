/** What people call a shell, whichever of them it is. */
const shells = new Set(["sh", "bash", "ash", "dash", "zsh", "fish", "ksh", "mksh", "busybox"]);

/** A word for what runs in a terminal: `shell`, or the program that the image starts instead of one. */
export function programWord(command: readonly string[] | null | undefined): string {
  // A login shell's name begins with a dash.
  const program = command?.[0]?.split("/").pop()?.replace(/^-/, "") ?? "";
  // Entrypoints of images prepare, and then become the program that they are given.
  if (/entrypoint/.test(program) && command![1] && !command![1].startsWith("-")) {
    return programWord(command!.slice(1));
  }
  return program === "" || shells.has(program) ? "shell" : program;
}

/** The number of the next terminal: behind all that are there, so that none of these changes its own. */
export function nextNumber(taken: Iterable<number>): number {
  return Math.max(0, ...taken) + 1;
}
