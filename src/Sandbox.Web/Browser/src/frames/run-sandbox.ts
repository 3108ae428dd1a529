import type { CodeFile, RunResult } from "../embed/messages";
import { api, authorization, headline, type Playground, Problem, waitAddress } from "../page/api";
import { apiLines } from "../page/api-lines";
import { newKey } from "../workspace/launch";
import { newGuest } from "./guest";
import { offer } from "./offer";

/** Seconds that a block of code may take. */
const patience = 60;
/** Milliseconds between two questions whether a queued sandbox is there. */
const pause = 500;
/** The most files that one block sends, and bytes of them. */
const maxFiles = 20;
const maxBytes = 256 * 1024;

/** A line of REST's answer to a command: output as it is printed, and the end. */
type ExecLine = { readonly stream: "stdout" | "stderr"; readonly text: string } | { readonly exitCode: number; readonly truncated: boolean; readonly durationMs: number };

/** Listens to a run. */
export interface RunListener {
  progress(text: string): void;
  printed(isError: boolean, text: string): void;
}

/** The sandbox that blocks of code share: made with the first run, and made again once it is gone. */
export class RunSandbox {
  #isGuest = false;
  #sandbox: string | null = null;
  #playground: string | null = null;

  constructor(private readonly what: { image: string } | { link: string }) {}

  /** The playground that was made last, and is not offered to a tab; null before the first. */
  get playground(): string | null {
    return this.#playground;
  }

  /** Writes the files, and offers the sandbox to a tab; the next run makes another one. Never fails: `error` says why there is no address. */
  async open(files: readonly CodeFile[], page: string): Promise<{ address: string | null; error: string | null }> {
    try {
      refuseTooMuch(files);
      if (!this.#sandbox || !this.#playground) {
        throw new Problem("conflict", 0, "Run it first: there is no sandbox yet.");
      }
      for (const { path, text } of files) {
        await put(this.#sandbox, path, text);
      }
      const address = await offer(this.#playground, page);
      this.#sandbox = this.#playground = null;
      return { address, error: null };
    } catch (error) {
      return { address: null, error: words(error as Problem) };
    }
  }

  /** Writes the files, runs the command, and resolves to how it ended. Never fails: `error` says why it did not run. */
  async run(files: readonly CodeFile[], command: readonly string[], on: RunListener): Promise<RunResult> {
    try {
      refuseTooMuch(files);
      try {
        return await this.#try(files, command, on);
      } catch (error) {
        if (!["not_found", "unauthorized"].includes((error as Problem).code) || !this.#sandbox) {
          throw error;
        }
        // It ended meanwhile: its time was up, or nobody was there.
        this.#sandbox = null;
        on.progress("The sandbox had ended. Starting another one");
        return await this.#try(files, command, on);
      }
    } catch (error) {
      return failed(words(error as Problem));
    }
  }

  async #try(files: readonly CodeFile[], command: readonly string[], on: RunListener): Promise<RunResult> {
    const sandbox = this.#sandbox ??= await this.#launch(on.progress);
    on.progress("Running");
    for (const { path, text } of files) {
      await put(sandbox, path, text);
    }
    const result: RunResult = failed("The connection was lost before the end.");
    try {
      await apiLines("POST", `/api/v1/sandboxes/${sandbox}/exec`, { command, timeoutSeconds: patience }, value => {
        const line = value as ExecLine;
        if ("stream" in line) {
          result[line.stream] += line.text;
          on.printed(line.stream === "stderr", line.text);
        } else {
          Object.assign(result, line, { error: null });
        }
      });
    } catch (error) {
      if ((error as Problem).code !== "timeout") {
        throw error;
      }
      result.error = `It did not end within ${patience} s and was stopped.`;
    }
    return result;
  }

  async #launch(progress: (text: string) => void): Promise<string> {
    progress("Starting a sandbox");
    if (!this.#isGuest) {
      await newGuest();
      this.#isGuest = true;
    }
    let made = await api<Playground>("POST", "/api/v1/playgrounds", this.what, { "Idempotency-Key": newKey() });
    this.#playground = made.id;
    while (made.state === "queued" || made.state === "starting") {
      progress(made.queue ? `Place ${made.queue.place} in the queue. ${made.progress ?? ""}` : made.progress ?? "Starting a sandbox");
      const place = made.queue?.place;
      const asked = performance.now();
      if (place === undefined) {
        await new Promise(resolve => setTimeout(resolve, pause));
      }
      made = await api<Playground>("GET", waitAddress(made));
      if (place !== undefined && place === made.queue?.place && performance.now() - asked < 1000) {
        await new Promise(resolve => setTimeout(resolve, 1000)); // a server that is being restarted does not wait
      }
    }
    if (made.state !== "running") {
      throw new Problem(made.error?.code ?? "conflict", 0, made.error?.message ?? made.lease.message ?? "It could not be started.");
    }
    return made.sandboxes[0]!.id;
  }
}

async function put(sandbox: string, path: string, text: string): Promise<void> {
  let answer: Response;
  try {
    answer = await fetch(`/api/v1/sandboxes/${sandbox}/files/${path.slice(1).split("/").map(encodeURIComponent).join("/")}`, {
      method: "PUT", body: text, credentials: "omit", headers: { "content-type": "application/octet-stream", ...authorization() },
    });
  } catch {
    throw new Problem("offline", 0, "The server cannot be reached. Check your connection.");
  }
  if (!answer.ok) {
    const problem = await answer.json().catch(() => ({})) as { code?: string; detail?: string };
    throw new Problem(problem.code ?? "internal", answer.status, problem.detail ?? `The server answered ${answer.status}.`);
  }
}

function refuseTooMuch(files: readonly CodeFile[]): void {
  if (files.length > maxFiles || files.reduce((sum, file) => sum + file.text.length, 0) > maxBytes) {
    throw new Problem("too_large", 0, `A block may have ${maxFiles} files and ${maxBytes / 1024} KiB of code.`);
  }
}

function words({ code, message }: Problem): string {
  return `${headline(code)}. ${message}`;
}

function failed(error: string): RunResult {
  return { exitCode: null, stdout: "", stderr: "", truncated: false, durationMs: 0, error };
}
