import { Problem } from "../page/api";
import { fileUrl } from "../files/files-api";
import type { Path } from "../files/path";

/** The largest file that is opened, in bytes. */
export const mostBytes = 1_000_000;

/** A file as far as an editor can show it. */
export type Content =
  | { readonly kind: "text"; readonly text: string; readonly version: string }
  | { readonly kind: "large" | "binary"; readonly version: string }
  | { readonly kind: "directory" | "absent" | "unchanged" };

/** The end of a save: the new version, or that the file is another one than the version that was read. */
export type Saved = { readonly version: string } | "changed";

/**
 * Reads a file. Stops as soon as it is larger than {@link mostBytes}.
 * @param known the version that the caller has; the answer is `unchanged` while the file is still that
 */
export async function read(sandbox: string, path: Path, known: string | null = null): Promise<Content> {
  const response = await ask(fileUrl(sandbox, path), { headers: known ? { "if-none-match": known } : {} });
  if (response.status === 304) {
    return { kind: "unchanged" };
  }
  if (response.status === 404) {
    const problem = await problemOf(response);
    if (problem.code === "not_found" && problem.message.startsWith("There is no ")) {
      return { kind: "absent" };
    }
    throw problem;
  }
  if (!response.ok) {
    throw await problemOf(response);
  }
  if (response.headers.get("content-type")?.startsWith("application/json")) {
    await response.body?.cancel();
    return { kind: "directory" };
  }
  const version = response.headers.get("etag") ?? "";
  const bytes = await bounded(response);
  const text = bytes && textOf(bytes);
  return text === null ? { kind: bytes ? "binary" : "large", version } : { kind: "text", text, version };
}

/** Saves a file over the version that was read; null for a file that is not there yet. */
export async function save(sandbox: string, path: Path, text: string, version: string | null): Promise<Saved> {
  const response = await ask(fileUrl(sandbox, path), {
    method: "PUT",
    headers: { "content-type": "application/octet-stream", ...version === null ? { "if-none-match": "*" } : { "if-match": version } },
    body: new TextEncoder().encode(text),
  });
  if (response.status === 412) {
    await response.body?.cancel();
    return "changed";
  }
  if (!response.ok) {
    throw await problemOf(response);
  }
  return { version: response.headers.get("etag") ?? "" };
}

/** The text of a file; null for a file that is no UTF-8 text. */
export function textOf(bytes: Uint8Array): string | null {
  if (bytes.includes(0)) {
    return null;
  }
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}

async function bounded(response: Response): Promise<Uint8Array | null> {
  const parts: Uint8Array[] = [];
  let length = 0;
  const reader = response.body!.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) {
      break;
    }
    length += value.length;
    if (length > mostBytes) {
      await reader.cancel();
      return null;
    }
    parts.push(value);
  }
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

async function ask(url: string, options: RequestInit): Promise<Response> {
  try {
    return await fetch(url, { credentials: "same-origin", cache: "no-store", ...options });
  } catch {
    throw new Problem("offline", 0, "The server cannot be reached. Check your connection.");
  }
}

async function problemOf(response: Response): Promise<Problem> {
  const problem = await response.json().catch(() => ({})) as { code?: string; detail?: string };
  return new Problem(problem.code ?? "internal", response.status, problem.detail ?? `The server answered ${response.status}.`);
}
