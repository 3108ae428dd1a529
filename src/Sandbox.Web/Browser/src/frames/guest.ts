import { api, useBearer } from "../page/api";

/** A guest of this frame's own. Browsers keep cookies from frames, so a token stands for them, and it never leaves the frame. */
export async function newGuest(): Promise<string> {
  const { token } = await api<{ token: string }>("POST", "/api/v1/guests");
  useBearer(token);
  return token;
}
