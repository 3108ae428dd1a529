import { authorization, Problem } from "./api";

/** A fault after the first line of an answer. */
interface FaultLine {
  readonly problem?: { readonly code: string; readonly status: number; readonly detail: string };
}

/** Calls the REST API and reads an answer of one JSON value per line, each as it comes. Fails with a {@link Problem}. */
export async function apiLines(method: string, path: string, body: unknown, line: (value: unknown) => void): Promise<void> {
  const headers = authorization();
  let answer: Response;
  try {
    answer = await fetch(path, {
      method,
      headers: { accept: "application/x-ndjson", ...body === undefined ? {} : { "content-type": "application/json" }, ...headers },
      body: body === undefined ? null : JSON.stringify(body),
      credentials: "authorization" in headers ? "omit" : "same-origin",
      cache: "no-store",
    });
  } catch {
    throw new Problem("offline", 0, "The server cannot be reached. Check your connection.");
  }
  if (!answer.ok || !answer.body) {
    const problem = await answer.json().catch(() => ({})) as { code?: string; detail?: string };
    throw new Problem(problem.code ?? "internal", answer.status, problem.detail ?? `The server answered ${answer.status}.`);
  }
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read().catch(() => {
      throw new Problem("offline", 0, "The connection was lost before the end.");
    });
    const lines = (rest + (value ?? "")).split("\n");
    rest = lines.pop()!;
    for (const text of lines.filter(Boolean)) {
      const parsed = JSON.parse(text) as FaultLine;
      if (parsed.problem) {
        throw new Problem(parsed.problem.code, parsed.problem.status, parsed.problem.detail);
      }
      line(parsed);
    }
    if (done) {
      return;
    }
  }
}
