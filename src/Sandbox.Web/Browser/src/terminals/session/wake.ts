import type { HubLink } from "./hub-link";
import type { TerminalSession } from "./terminal-session";

/**
 * Looks after the connection when a visitor comes back to the page, or the network to it: after sleep or a change of
 * network nothing may have said that it is lost.
 */
export function followWakes(link: HubLink, sessions: () => readonly TerminalSession[], woken: () => void = () => undefined): void {
  const wake = (): void => {
    if (document.hidden) {
      return;
    }
    const session = sessions().find(each => each.state === "live" || each.state === "attaching");
    if (session) {
      void link.probe(connection => session.ping(connection));
    } else {
      link.retryNow();
    }
    woken();
  };
  window.addEventListener("online", wake);
  // The connection itself would say so much later, and swallow keys until then.
  window.addEventListener("offline", () => link.networkLost());
  document.addEventListener("visibilitychange", wake);
  window.addEventListener("pageshow", event => {
    if (event.persisted) {
      wake();
    }
  });
}
