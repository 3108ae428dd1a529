import { Problem } from "../page/api";

/** An event of a build, as REST gives it. */
export interface BuildEvent {
  type: "started" | "phase" | "step" | "layer" | "log" | "warning" | "error" | "image";
  id?: string;
  percent?: number;
  text?: string;
  stage?: number;
  stages?: number;
  step?: number;
  steps?: number;
  line?: number;
  instruction?: string;
  cached?: boolean;
  code?: string;
  detail?: string;
  image?: { name: string; reference: string; digest: string; size: number; ownBytes: number; runs: string };
}

/** A mistake in a Dockerfile, with its line. */
export class Mistake extends Problem {
  constructor(message: string, readonly line: number | undefined) {
    super("invalid", 400, message);
  }
}

/** Sends a context, and gives the events as they come. */
export async function* build(context: Blob | string, query: URLSearchParams, signal: AbortSignal): AsyncGenerator<BuildEvent> {
  let response: Response;
  try {
    response = await fetch(`/api/v1/images/build?${query}`, {
      method: "POST",
      headers: { "content-type": typeof context === "string" ? "text/plain" : "application/x-tar" },
      body: context,
      cache: "no-store",
      signal,
    });
  } catch {
    throw signal.aborted ? new Problem("cancelled", 0, "Cancelled.") : new Problem("offline", 0, "The server cannot be reached. Check your connection.");
  }
  if (!response.ok) {
    const problem = await response.json().catch(() => ({})) as { code?: string; detail?: string; line?: number };
    const detail = problem.detail ?? `The server answered ${response.status}.`;
    throw problem.line === undefined ? new Problem(problem.code ?? "internal", response.status, detail) : new Mistake(detail, problem.line);
  }
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    let read: ReadableStreamReadResult<string>;
    try {
      read = await reader.read();
    } catch {
      throw signal.aborted ? new Problem("cancelled", 0, "Cancelled.") : new Problem("offline", 0, "The connection was lost, which ended the build.");
    }
    if (read.done) {
      return;
    }
    const lines = (rest + read.value).split("\n");
    rest = lines.pop()!;
    for (const line of lines) {
      yield JSON.parse(line) as BuildEvent;
    }
  }
}
