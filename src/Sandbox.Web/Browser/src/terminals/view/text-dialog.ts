import { showModal } from "../../page/keys-home";
import type { Terminal } from "@xterm/xterm";
import { writeClipboard } from "../../page/clipboard";
import { make } from "../../page/dom";
import { toast } from "../../page/toast";
import { screenText } from "./screen-text";

/**
 * Shows what is on a terminal as text that the browser selects: by fingers, by keys, and for screen readers.
 * @param at the line of the buffer that it begins to be read at
 */
export function showText(terminal: Terminal, at: number, closed: () => void): void {
  if (document.querySelector("dialog[open]")) {
    return;
  }
  const { before, line, after } = screenText(terminal.buffer.active, terminal.rows, at);
  const place = make("span", "text-place", line);
  const text = make("pre", "text-all", before, place, after);
  text.tabIndex = 0;
  text.setAttribute("role", "group");
  text.setAttribute("aria-labelledby", "text-title");
  const title = make("h2", "", "Text of the terminal");
  title.id = "text-title";
  const dialog = make("dialog", "text-dialog");
  dialog.id = "ws-text";
  dialog.setAttribute("aria-labelledby", title.id);
  const close = button("Close", () => dialog.close());
  const copy = button("Copy all", () => {
    // Selected besides: it is seen what was copied, and without a clipboard of its own the page copies what is selected.
    getSelection()?.selectAllChildren(text);
    void writeClipboard(before + line + after).then(done => {
      if (done) {
        toast("Copied to your clipboard");
        dialog.close();
      } else {
        copy.textContent = "The browser blocked copying";
      }
    });
  });
  copy.classList.add("primary");
  dialog.append(title, text, make("div", "dialog-actions", close, copy));
  dialog.addEventListener("close", () => {
    dialog.remove();
    closed();
  });
  document.body.append(dialog);
  showModal(dialog);
  text.focus({ preventScroll: true });
  place.scrollIntoView({ block: "center" });
}

function button(label: string, run: () => void): HTMLButtonElement {
  const element = make("button", "button", label);
  element.type = "button";
  element.addEventListener("click", run);
  return element;
}
