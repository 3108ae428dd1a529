/**
 * Messages between a page's elements and our frames. The page is not trusted by the frame, nor the frame's content by
 * the page: neither a token nor an id passes. The address at which a tab can take a sandbox over passes only for code that
 * the page runs: it decides what is in that sandbox anyway.
 */

/** A file of code, by its absolute path. */
export interface CodeFile {
  path: string;
  text: string;
}

/** From an element to its frame. */
export type ToFrame =
  /** Letters that were typed before the terminal had the focus; control characters are not taken. */
  | { sandbox: "keys"; text: string }
  /** Another terminal of the page is in use, on a screen that has room for one. */
  | { sandbox: "pause" }
  | { sandbox: "focus" }
  | { sandbox: "theme"; theme: string | null }
  | { sandbox: "run"; run: number; files: CodeFile[]; command: string[] }
  /** Offers the sandbox to a tab, with the files as they are now, and the page that it leads back to. */
  | { sandbox: "open"; run: number; files: CodeFile[]; address: string }
  /** The page that *Open full page* leads back to. */
  | { sandbox: "page"; address: string };

/** From a frame to its element. */
export type ToElement =
  /** It listens. */
  | { sandbox: "ready" }
  | { sandbox: "state"; state: FrameState }
  | { sandbox: "progress"; run: number; text: string }
  | { sandbox: "output"; run: number; isError: boolean; text: string }
  | { sandbox: "result"; run: number; result: RunResult }
  | { sandbox: "opened"; run: number; address: string | null; error: string | null };

export type FrameState = "asking" | "starting" | "live" | "paused" | "ended" | "failed";

/** How a run ended; with `error` it did not run. */
export interface RunResult {
  exitCode: number | null;
  stdout: string;
  stderr: string;
  truncated: boolean;
  durationMs: number;
  error: string | null;
}

/** The most letters that a page may type for its visitor before the terminal is there. */
export const maxKeys = 64;

/** Letters that do nothing by themselves: without Enter, Tab and escapes no command runs. */
export function harmless(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, "").slice(0, maxKeys);
}
