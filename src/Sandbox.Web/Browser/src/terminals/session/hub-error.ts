/**
 * Errors of hub calls and streams. The hub answers with its own words behind SignalR's frame:
 *
 *     An unexpected error occurred invoking 'Type' on the server. HubException: conflict: The program does not read.
 *
 * An error without `HubException:` is not an answer: the connection broke.
 */
const answer = /\bHubException: (?:([a-z_]+): )?/;

/** Whether the hub answered, and the connection did not break on the way. */
export function isHubAnswer(error: unknown): boolean {
  return error instanceof Error && answer.test(error.message);
}

/** The error code that the hub answered with, `conflict` for example; null if it gave none, or gave no answer. */
export function hubCode(error: unknown): string | null {
  return error instanceof Error ? answer.exec(error.message)?.[1] ?? null : null;
}

/** What the hub said, for people. */
export function hubWords(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.replace(/^.*HubException:\s*/, "").replace(/^[a-z_]+:\s+/, "");
}

/** Whether the server has no such method: SignalR's words if it cannot read the call, and if it can. */
export function isUnknownMethod(error: unknown): boolean {
  return error instanceof Error && /\bMethod does not exist|\bUnknown hub method/.test(error.message);
}
