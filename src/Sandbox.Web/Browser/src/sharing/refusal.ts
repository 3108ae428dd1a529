/** Why a link opens nothing. */
export type Refusal = "unknown" | "revoked" | "expired" | "ended" | "full";

/**
 * Asks the server why it lets a link's holder in no more: a browser's socket does not say. Null when it would let them
 * in, or cannot be reached, which the next attempt to connect finds out.
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
