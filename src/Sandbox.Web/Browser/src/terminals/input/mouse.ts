import { writeClipboard } from "../../page/clipboard";
import { preferences } from "../view/preferences";
import type { TerminalView } from "../view/terminal-view";
import type { Paster } from "./paster";

/** Copy on select and paste by right click, if the visitor chose them. */
export function followMouse(view: TerminalView, paster: Paster): void {
  let selects = false;
  view.element.addEventListener("mousedown", event => {
    selects = event.button === 0;
  }, { capture: true });
  // A selection may end anywhere on the page. xterm has to handle the event first.
  const release = (): void => {
    if (selects && preferences.now.copyOnSelect) {
      setTimeout(() => {
        if (view.terminal.hasSelection()) {
          void writeClipboard(view.terminal.getSelection());
        }
      });
    }
    selects = false;
  };
  document.addEventListener("mouseup", release);
  view.onDispose(() => document.removeEventListener("mouseup", release));
  view.element.addEventListener("contextmenu", event => {
    // Shift always opens the browser's menu. A program that uses the mouse gets the button itself.
    if (preferences.now.rightClick === "paste" && !event.shiftKey && view.terminal.modes.mouseTrackingMode === "none") {
      event.preventDefault();
      event.stopPropagation();
      void paster.pasteClipboard();
    }
  }, { capture: true });
}
