/** Why a link is refused. */
export type Refusal = "unknown" | "revoked" | "expired" | "ended" | "full";

/**
 * Asks the server why it refuses a link: a WebSocket does not say. Null if the server accepts it or cannot be reached,
 * which the next attempt to connect shows.
 */
export async function whyRefused(token: string): Promise<Refusal | null> {
  try {
    const answer = await fetch("/hubs/terminal/negotiate?negotiateVersion=1", {
      method: "POST", headers: { authorization: `Bearer ${token}` }, credentials: "omit", cache: "no-store",
    });
    return answer.ok ? null : refusalOf(((await answer.json()) as { code?: string }).code);
  } catch {
    return null;
  }
}

export function refusalOf(code: string | undefined): Refusal | null {
  switch (code) {
    case "unauthorized": return "unknown";
    case "share_revoked": return "revoked";
    case "share_expired": return "expired";
    case "share_ended": return "ended";
    case "quota": return "full";
    default: return null;
  }
}
