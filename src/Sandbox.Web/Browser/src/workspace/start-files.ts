import { takeDrops } from "../files/drop";
import type { Path } from "../files/path";
import { toast } from "../page/toast";
import type { SidePanel } from "./side-panel";
import type { Tabs } from "./tabs";

/** Files dropped on a terminal, and the panel of files. Their code is loaded on first use. */
export function startFiles(tabs: Tabs, side: SidePanel, sandboxes: () => { id: string; name: string }[], edit: (sandbox: string, path: Path) => void): void {
  tabs.onTerminal(({ pane, sandbox }) => takeDrops({
    element: pane.element,
    destination: async () => {
      const { places } = await import("../files/files-api");
      const { cwd, home } = await places(sandbox.id, pane.id);
      return cwd ?? home;
    },
    send: (destination, picked) => {
      // The transfer is read before anything is waited for; later it is empty.
      void Promise.all([destination, import("../files/uploads")]).then(
        ([path, { upload }]) => upload(sandbox.id, path, picked),
        (error: unknown) => toast(error instanceof Error ? error.message : "Something went wrong.", "error"));
    },
  }));
  // A file dropped beside its target must not replace the page.
  for (const type of ["dragover", "drop"]) {
    window.addEventListener(type, event => {
      if ((event as DragEvent).dataTransfer?.types.includes("Files") && !event.defaultPrevented) {
        event.preventDefault();
        (event as DragEvent).dataTransfer!.dropEffect = "none";
      }
    });
  }
  side.add("files", {
    title: "Files",
    show: async element => {
      const { showFiles } = await import("../files/panel");
      return showFiles(element, {
        sandboxes,
        edit,
        terminal: () => {
          const tab = tabs.activeTab;
          return tab ? { id: tab.id, sandbox: tab.sandbox.id } : null;
        },
      });
    },
  });
}
