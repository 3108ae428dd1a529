import { writeClipboard } from "../page/clipboard";
import { make, textButton } from "../page/dom";

/** A text to copy, with its name above it. */
export function copied(name: string, text: string): HTMLElement {
  const shown = text.includes("\n") ? make("textarea", "") : make("input", "");
  if (shown instanceof HTMLTextAreaElement) {
    shown.rows = text.split("\n").length;
  }
  shown.readOnly = true;
  shown.value = text;
  shown.spellcheck = false;
  shown.setAttribute("aria-label", name);
  shown.addEventListener("focus", () => shown.select());
  const copy = textButton("Copy", () => {
    void writeClipboard(text).then(done => {
      copy.textContent = done ? "Copied" : "Press Ctrl+C";
      if (!done) {
        shown.focus();
      }
    });
  });
  copy.setAttribute("aria-label", `Copy: ${name}`);
  return make("div", "made-row", make("span", "made-name", name), shown, copy);
}
