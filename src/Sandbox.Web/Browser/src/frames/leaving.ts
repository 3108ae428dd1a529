import { authorization } from "../page/api";

/** The end of a playground whose frame is gone. */
export type Leaving =
  /** Nobody can come back to it: without storage its token is gone too. */
  | "end"
  /** The visitor may be back in a moment; the server waits for them a little. */
  | "leave";

/** Tells the server when this frame goes. Frozen in the browser's way back, it stays. */
export function tellWhenLeft(what: () => { playground: string; leaving: Leaving } | null): void {
  window.addEventListener("pagehide", event => {
    const left = event.persisted ? null : what();
    if (left) {
      void fetch(`/api/v1/playgrounds/${left.playground}${left.leaving === "leave" ? "/leave" : ""}`, {
        method: left.leaving === "leave" ? "POST" : "DELETE", headers: authorization(), credentials: "omit", keepalive: true,
      }).catch(() => undefined);
    }
  });
}
