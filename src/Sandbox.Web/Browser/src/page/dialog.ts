import { make } from "./dom";
import { showModal } from "./keys-home";

/** A dialog of the page with a heading and a cross; it is gone when it closes. */
export function openDialog(title: string, ...content: Node[]): HTMLDialogElement {
  const heading = make("h2", "", title);
  heading.id = `dialog-${Math.random().toString(36).slice(2)}`;
  const close = make("button", "icon-button", "×");
  close.type = "button";
  close.setAttribute("aria-label", "Close");
  const dialog = make("dialog", "share-dialog", make("header", "", heading, close), ...content);
  dialog.setAttribute("aria-labelledby", heading.id);
  close.addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  showModal(dialog);
  return dialog;
}
