import type { HubLink } from "./hub-link";
import type { TerminalSession } from "./terminal-session";

/**
 * Tests the connection when the page becomes visible or the network returns: after sleep or a change of network it may
 * be dead without an event.
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
  // The connection itself would notice much later, and lose keys until then.
  window.addEventListener("offline", () => link.networkLost());
  document.addEventListener("visibilitychange", wake);
  window.addEventListener("pageshow", event => {
    if (event.persisted) {
      wake();
    }
  });
}
