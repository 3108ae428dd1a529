import { once } from "../page/once";
import { toast } from "../page/toast";
import { Announcer } from "../sharing/announcer";
import { Audience, following } from "../sharing/audience";
import type { ShareDialog } from "../sharing/share-dialog";
import { SizeFollower } from "../sharing/size-follower";
import { ViewerList } from "../sharing/viewer-list";
import type { HubLink } from "../terminals/session/hub-link";
import type { Tabs } from "./tabs";
import type { TerminalTab } from "./terminal-tab";

/** Sharing in the workspace: who follows which terminal, and the button that shares the one in use. */
export function startSharing(tabs: Tabs, link: HubLink, button: HTMLButtonElement, status: HTMLElement, shareState: () => void): void {
  const audiences = new Map<TerminalTab, Audience>();
  const list = new ViewerList(status, false, false);
  const announcer = new Announcer(document.body);
  let active: TerminalTab | null = null;
  const load = once(async () => new (await import("../sharing/share-dialog")).ShareDialog());

  tabs.onTerminal(tab => {
    const audience = new Audience(link, tab.id);
    audiences.set(tab, audience);
    announcer.listen(audience);
    tab.pane.view.onDispose(() => {
      audience.dispose();
      announcer.forget(audience);
      audiences.delete(tab);
    });
    new SizeFollower(tab.pane.view, tab.pane.element, audience, true);
    const badge = document.createElement("span");
    badge.className = "viewers-badge";
    badge.hidden = true;
    tab.item.querySelector("[role=tab]")!.after(badge);
    audience.onChange(() => {
      const guests = audience.guests;
      badge.hidden = guests.length === 0;
      badge.textContent = String(guests.length);
      badge.title = `${following(guests)} by a link`;
      if (tab === active) {
        list.show(audience);
      }
    });
  });
  tabs.onActive(tab => {
    active = tab;
    button.disabled = tab === null;
    list.show(tab && audiences.get(tab) || null);
  });

  button.addEventListener("click", () => {
    const tab = active;
    const audience = tab && audiences.get(tab);
    if (!audience) {
      return;
    }
    void (async () => {
      let dialog: ShareDialog;
      try {
        dialog = await load();
      } catch {
        toast("The server cannot be reached. Check your connection.", "error");
        return;
      }
      dialog.onClose = () => tabs.active?.focus();
      dialog.onState = shareState;
      dialog.open(tab.id, tab.item.querySelector("[role=tab]")?.textContent ?? "this terminal", audience);
    })();
  });
}
