import type { EditorPane } from "../editor/editor-pane";
import type { Path } from "../files/path";
import { once } from "../page/once";
import { Splitter } from "../page/splitter";
import { toast } from "../page/toast";
import type { Tabs } from "./tabs";

/** The editor beside the terminals, or above them while a tutorial takes the left. Its code is loaded when it is first opened. */
export interface Editor {
  readonly isShown: boolean;
  /** Opens and closes it. */
  toggle(): void;
  show(): void;
  open(sandbox: string, path: Path, line?: number | null): Promise<void>;
  /** Another program may have written files: open ones are loaded again. */
  refresh(): void;
}

/** @param sandbox the sandbox of new files; null while the playground has none or has ended */
export function startEditor(root: HTMLElement, element: HTMLElement, tabs: Pick<Tabs, "activeTab" | "stage">, sandbox: () => string | null): Editor {
  let pane: EditorPane | null = null;
  let splitter: Splitter | null = null;
  const load = once(async () => {
    const { EditorPane } = await import("../editor/editor-pane");
    splitter = new Splitter(element.querySelector(".ws-edge")!, root, "editor-size", .4, () =>
      root.classList.contains("with-tutorial") ? { axis: "y", grows: 1 } : { axis: "x", grows: -1 });
    pane = new EditorPane(element, {
      terminal: () => {
        const tab = tabs.activeTab;
        return tab ? { id: tab.id, sandbox: tab.sandbox.id } : null;
      },
      sandbox,
      close: () => hide(),
    });
    return pane;
  });
  const hide = (): void => {
    element.hidden = true;
    mark();
    tabs.stage.focus();
  };
  const mark = (): void => {
    for (const button of document.querySelectorAll("[data-act='editor']")) {
      button.setAttribute("aria-expanded", String(!element.hidden));
    }
  };
  const show = async (): Promise<EditorPane | null> => {
    try {
      const loaded = await load();
      element.hidden = false;
      splitter?.apply();
      mark();
      return loaded;
    } catch {
      toast("The editor could not be loaded. Check your connection.", "error");
      return null;
    }
  };
  return {
    get isShown() {
      return !element.hidden;
    },
    show: () => void show().then(shown => shown?.begin()),
    toggle: () => {
      if (element.hidden) {
        void show().then(async shown => {
          await shown?.begin();
          shown?.focus();
        });
      } else {
        hide();
      }
    },
    open: async (sandbox, path, line = null) => {
      const isFirst = element.hidden;
      const shown = await show();
      if (isFirst) {
        void shown?.begin();
      }
      await shown?.open(sandbox, path, line);
    },
    refresh: () => void pane?.refresh(),
  };
}
