import type { Playground } from "../page/api";
import { toast } from "../page/toast";
import { hubWords } from "../terminals/session/hub-error";
import { NodesDialog } from "./nodes-dialog";
import type { Tabs } from "./tabs";

/** The nodes of the playground: their dialog, and the button in the bar that opens it and says how many there are. */
export function startNodes(button: HTMLElement, tabs: Tabs, now: () => Playground | null, refresh: () => Promise<void>): { open(): void; show(playground: Playground): void } {
  const dialog = new NodesDialog({
    now,
    refresh,
    closed: () => tabs.stage.focus(),
    open: async sandbox => {
      try {
        await tabs.open({ sandbox: { id: sandbox.id, name: sandbox.name } });
        tabs.stage.focus();
      } catch (error) {
        toast(hubWords(error), "error");
      }
    },
  });
  return {
    open: () => dialog.open(),
    show: playground => {
      const count = playground.sandboxes.length;
      button.hidden = playground.state !== "running" || (playground.maxNodes ?? 1) < 2;
      button.querySelector("span")!.textContent = count === 1 ? "Add node" : `${count} nodes`;
      dialog.show();
    },
  };
}
