/** A playground as REST gives it. */
export interface Playground {
  id: string;
  state: "queued" | "starting" | "running" | "paused" | "stopped" | "ended";
  progress?: string | null;
  /** Its place while it waits for room on the host, or for a place of its link. */
  queue?: { for: "room" | "link"; place: number; waiting: number; estimateSeconds?: number | null; since: string } | null;
  error?: { code: string; message: string } | null;
  image: string;
  /** The hash of the link it was started from. */
  link?: string | null;
  /** The hash of the private link that holds its state after its end. */
  saved?: string | null;
  /** The tutorial it was started from. */
  tutorial?: { address: string; title: string; step: number } | null;
  setup?: Setup | null;
  /** Whether its recipe says which terminals to open. */
  hasTerminals?: boolean;
  /** How many sandboxes it may have. */
  maxNodes?: number;
  sandboxes: { id: string; name: string; image: string; digest: string; state: string; exitCode?: number | null; interactive: boolean; notice?: string | null; reaches: string }[];
  lease: { endsAt: string; state: string; reason?: string | null; message?: string | null; canExtend: boolean };
}

/** The commands that run before a playground can be entered. */
export interface Setup {
  state: "running" | "failed";
  steps: { command: string; state: "waiting" | "running" | "done" | "failed"; exitCode?: number | null; output: string; durationMs: number }[];
}

/** A terminal that a playground's recipe opens. */
export interface WantedTerminal {
  node: string;
  title?: string | null;
  command: string[];
  run?: string | null;
}

/** A catalog entry as REST gives it. */
export interface CatalogImage {
  name: string;
  title: string;
  state: "making" | "ready" | "failed";
  percent: number;
  step?: string | null;
  error?: string | null;
  digest?: string | null;
}

/** An open terminal as REST gives it. */
export interface OpenTerminal {
  id: string;
  command?: string[] | null;
  /** Whether the image's own command runs in it, which started with the sandbox. */
  own?: boolean;
  /** Whether that command is a service, which prints a log and reads nothing. */
  service?: boolean;
  /** Whether anybody has looked at it. */
  seen?: boolean;
}

/** An RFC 9457 problem with its code. The code `offline` means that there was no answer, `cancelled` that the caller gave up. */
export class Problem extends Error {
  constructor(readonly code: string, readonly status: number, message: string) {
    super(message);
    this.name = "Problem";
  }
}

/** The token that stands for the visitor of this page; null where a cookie does. */
let bearer: string | null = null;

/** From now on calls carry this token, and no cookie. */
export function useBearer(token: string): void {
  bearer = token;
}

/** The header of that token, for calls that are no JSON. */
export function authorization(): Record<string, string> {
  return bearer === null ? {} : { authorization: `Bearer ${bearer}` };
}

/** Calls the REST API of this origin. A body is sent as JSON; a blob is sent as it is, with the type that a header says. */
export async function api<T>(method: string, path: string, body?: unknown, headers: Record<string, string> = {}, signal: AbortSignal | null = null): Promise<T> {
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      headers: { ...body === undefined ? {} : { "content-type": "application/json" }, ...authorization(), ...headers },
      body: body === undefined ? null : body instanceof Blob ? body : JSON.stringify(body),
      credentials: bearer === null ? "same-origin" : "omit",
      cache: "no-store",
      signal,
    });
  } catch {
    if (signal?.aborted) {
      throw new Problem("cancelled", 0, "Cancelled.");
    }
    throw new Problem("offline", 0, "The server cannot be reached. Check your connection.");
  }
  const text = await response.text();
  const json: unknown = text ? parse(text) : undefined;
  if (!response.ok) {
    const problem = (json ?? {}) as { code?: string; detail?: string; title?: string };
    throw new Problem(problem.code ?? "internal", response.status, problem.detail ?? problem.title ?? `The server answered ${response.status}.`);
  }
  return json as T;
}

/** How long the server may wait before it answers that a place is the same, in s. */
const longestWait = 25;

/**
 * The address that answers once a playground's place in a queue is another one. The open request keeps the place, also in a tab in
 * the background, whose timers hardly run; closing the tab ends the request and gives the place up.
 */
export function waitAddress({ id, queue }: Pick<Playground, "id" | "queue">): string {
  return `/api/v1/playgrounds/${id}${queue ? `?wait=${longestWait}&place=${queue.place}` : ""}`;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The heading for a problem's detail. */
export function headline(code: string): string {
  switch (code) {
    case "quota": return "Limit reached";
    case "rate": return "Too many requests";
    case "capacity": return "The server is full right now";
    case "runtime_unavailable": return "The sandbox daemon is not running";
    case "link_not_found": return "This link does not exist";
    case "link_closed": return "This link is closed";
    case "link_password": return "This link asks for a password";
    case "isolation_unavailable": return "It cannot be isolated as required";
    case "image_not_found": return "This image does not exist";
    case "repository_unreachable": return "The repository cannot be read";
    case "not_found": return "This playground does not exist";
    case "command_not_found": return "The command does not exist in the image";
    case "setup_failed": return "A setup command failed";
    case "disk_full": return "The disk is full";
    case "timeout": return "That took too long";
    case "offline": return "No connection";
    default: return "Something went wrong";
  }
}
