import { api, type OpenTerminal } from "../page/api";
import { isUnknownMethod } from "../terminals/session/hub-error";
import type { Connection } from "../terminals/session/hub-link";
import type { Size } from "../terminals/view/terminal-size";

/** Longer than this nobody waits for the directory of another terminal, in ms. A busy server takes seconds for that as for the shell. */
const patience = 5000;

/** Where a terminal works, as text; null when that is not known soon, or is no text. */
export async function directoryOf(sandbox: string, terminal: string): Promise<string | null> {
  const asked = (async () => {
    const { places } = await import("../files/files-api");
    const { cwd } = await places(sandbox, terminal);
    return cwd && new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(cwd);
  })().catch(() => null);
  return await Promise.race([asked, new Promise<null>(resolve => setTimeout(() => resolve(null), patience))]);
}

/** Opens a shell, in a directory if that is still there; from a server that cannot, what the image starts. */
export async function openShell(connection: Connection, sandbox: string, size: Size, directory: string | null): Promise<string> {
  try {
    return await connection.invoke<string>("OpenShell", sandbox, size.cols, size.rows, directory);
  } catch (error) {
    if (isUnknownMethod(error)) {
      return openOwn(connection, sandbox, size);
    }
    throw error;
  }
}

/** Opens what the image starts: a shell, or a program of its own. */
export function openOwn(connection: Connection, sandbox: string, { cols, rows }: Size): Promise<string> {
  return connection.invoke<string>("Open", sandbox, cols, rows, null);
}

/** Opens a program. */
export function openCommand(connection: Connection, sandbox: string, { cols, rows }: Size, command: readonly string[]): Promise<string> {
  return connection.invoke<string>("Open", sandbox, cols, rows, command);
}

/** The terminals of a sandbox that are open. */
export async function openTerminals(sandbox: string): Promise<OpenTerminal[]> {
  const answer = await api<OpenTerminal[] | { terminals: OpenTerminal[] }>("GET", `/api/v1/sandboxes/${sandbox}/terminals`);
  return Array.isArray(answer) ? answer : answer.terminals;
}
