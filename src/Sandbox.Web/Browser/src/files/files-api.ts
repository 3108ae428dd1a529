import { api, Problem } from "../page/api";
import { bytesOf, encode, type Path, pathOf, rootPath } from "./path";

/** One entry of a directory. */
export interface Entry {
  name: Uint8Array;
  kind: "file" | "directory" | "symlink" | "other";
  size: number;
  modified: Date;
}

interface View {
  name: string;
  nameBytes?: string;
  type: Entry["kind"];
  size: number;
  modified: string;
}

/** The address of a file or directory of a sandbox. */
export function fileUrl(sandbox: string, path: Path): string {
  return `/api/v1/sandboxes/${sandbox}/files${encode(path)}`;
}

/** The entries of a directory, directories first, as people sort names. */
export async function list(sandbox: string, directory: Path): Promise<Entry[]> {
  const views = await listing(fileUrl(sandbox, directory));
  const names = new Intl.Collator(undefined, { numeric: true });
  return views
    .map(view => ({ entry: { name: bytesOf(view.name, view.nameBytes), kind: view.type, size: view.size, modified: new Date(view.modified) }, text: view.name }))
    .sort((a, b) => Number(b.entry.kind === "directory") - Number(a.entry.kind === "directory") || names.compare(a.text, b.text))
    .map(each => each.entry);
}

/** What took the directory's place meanwhile, or a link leads to, is not read as if it was a listing: it may be of any size. */
async function listing(url: string): Promise<View[]> {
  let response: Response;
  try {
    response = await fetch(url, { credentials: "same-origin", cache: "no-store" });
    if (response.ok && !response.headers.get("content-type")?.startsWith("application/json")) {
      await response.body?.cancel();
      throw new Problem("no_directory", 400, "This is not a directory.");
    }
    if (response.ok) {
      return await response.json() as View[];
    }
  } catch (error) {
    throw error instanceof Problem ? error : new Problem("offline", 0, "The server cannot be reached. Check your connection.");
  }
  const problem = await response.json().catch(() => ({})) as { code?: string; detail?: string };
  throw new Problem(problem.code ?? "internal", response.status, problem.detail ?? `The server answered ${response.status}.`);
}

export function makeDirectory(sandbox: string, path: Path): Promise<void> {
  return api("PUT", `${fileUrl(sandbox, path)}?type=directory`);
}

export function remove(sandbox: string, path: Path): Promise<void> {
  return api("DELETE", fileUrl(sandbox, path));
}

/** Where a terminal works, and the home of who works in it. */
export async function places(sandbox: string, terminal: string | null): Promise<{ cwd: Path | null; home: Path }> {
  const terminals = await api<{ id: string; cwd?: string; cwdBytes?: string; home?: string }[]>("GET", `/api/v1/sandboxes/${sandbox}/terminals`);
  const found = terminals.find(each => each.id === terminal) ?? terminals[0];
  return {
    cwd: found?.cwd ? bytesOf(found.cwd, found.cwdBytes) : null,
    home: found?.home ? pathOf(found.home) : rootPath,
  };
}
