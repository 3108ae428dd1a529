import type { HubLink } from "../terminals/hub-link";
import type { Tabs } from "../workspace/tabs";
import type { TerminalParts } from "../workspace/terminal-tab";
import { once } from "../once";
import { toast } from "../toast";
import { Announcer } from "./announcer";
import { Audience, following } from "./audience";
import type { ShareDialog } from "./share-dialog";
import { SizeFollower } from "./size-follower";
import { ViewerList } from "./viewer-list";

/** Sharing in the workspace: who follows which terminal, and the button that shares the one in use. */
export function startSharing(tabs: Tabs, link: HubLink, button: HTMLButtonElement, status: HTMLElement): void {
  const audiences = new Map<TerminalParts, Audience>();
  const list = new ViewerList(status, false, false);
  const announcer = new Announcer(document.body);
  let active: TerminalParts | null = null;
  const load = once(async () => new (await import("./share-dialog")).ShareDialog());

  tabs.onTerminal(parts => {
    const audience = new Audience(link, parts.session.id);
    audiences.set(parts, audience);
    announcer.listen(audience);
    parts.view.onDispose(() => {
      audience.dispose();
      announcer.forget(audience);
      audiences.delete(parts);
    });
    new SizeFollower(parts.view, parts.panel, audience, true);
    const badge = document.createElement("span");
    badge.className = "viewers-badge";
    badge.hidden = true;
    parts.item.querySelector("[role=tab]")!.after(badge);
    audience.onChange(() => {
      const guests = audience.guests;
      badge.hidden = guests.length === 0;
      badge.textContent = String(guests.length);
      badge.title = `${following(guests)} by a link`;
      if (parts === active) {
        list.show(audience);
      }
    });
  });
  tabs.onActive(parts => {
    active = parts;
    button.disabled = parts === null;
    list.show(parts && audiences.get(parts) || null);
  });

  button.addEventListener("click", () => {
    const parts = active;
    const audience = parts && audiences.get(parts);
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
      dialog.open(parts.session.id, parts.item.querySelector("[role=tab]")?.textContent ?? "this terminal", audience);
    })();
  });
}
