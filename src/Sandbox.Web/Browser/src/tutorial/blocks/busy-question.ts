import { make } from "../../page/dom";
import { showModal } from "../../page/keys-home";
import type { PlaceTerminal } from "../run/place";
import { type BusyAnswer, programOf } from "./typing";

/** Asks what to do about a program that runs in the terminal of a block. Escape cancels. */
export function askBusy(terminal: PlaceTerminal): Promise<BusyAnswer> {
  const fills = terminal.pane.view.terminal.buffer.active.type === "alternate";
  const heading = make("h2", "", `${programOf(terminal)} is running in this terminal`);
  heading.id = "busy-question";
  const button = (value: BusyAnswer, label: string, kind = ""): HTMLButtonElement => {
    const made = make("button", `button ${kind}`.trim(), label);
    made.value = value;
    return made;
  };
  const cancel = button("cancel", "Cancel");
  cancel.autofocus = true;
  const form = make("form", "", heading,
    make("p", "", fills ? "It fills the screen, so nothing is typed into it. If Ctrl-C does not end it, end it in the terminal." : "The command was not typed, because the program would read it."),
    make("div", "dialog-actions busy-actions", cancel,
      ...fills ? [] : [button("type", "Type it into the program")],
      button("interrupt", "Interrupt it and run"),
      button("other", "Run in another terminal", "primary")));
  form.method = "dialog";
  const dialog = make("dialog", "confirm", form);
  dialog.setAttribute("aria-labelledby", heading.id);
  document.body.append(dialog);
  showModal(dialog);
  return new Promise(resolve => dialog.addEventListener("close", () => {
    dialog.remove();
    resolve((dialog.returnValue || "cancel") as BusyAnswer);
  }));
}
