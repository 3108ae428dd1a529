import { make } from "./dom";

/** A question before an action that cannot be undone. */
export interface Question {
  readonly title: string;
  readonly text: string;
  readonly no: string;
  readonly yes: string;
}

export const stopQuestion: Question = {
  title: "Stop this playground?",
  text: "All programs end. Your files are kept, and you can start it again.",
  no: "Keep it running",
  yes: "Stop it",
};

export function endQuestion(name: string): Question {
  return { title: `End ${name}?`, text: "All programs end, and its files are deleted permanently.", no: "Keep it", yes: "End it" };
}

/** Asks in a dialog; Enter and Escape answer no. */
export function confirmed({ title, text, no, yes }: Question): Promise<boolean> {
  const heading = make("h2", "", title);
  heading.id = "confirm-question";
  const keep = make("button", "button", no);
  keep.autofocus = true;
  const go = make("button", "button danger", yes);
  go.value = "yes";
  const form = make("form", "", heading, make("p", "", text), make("div", "dialog-actions", keep, go));
  form.method = "dialog";
  const dialog = make("dialog", "confirm", form);
  dialog.setAttribute("aria-labelledby", heading.id);
  document.body.append(dialog);
  dialog.showModal();
  return new Promise(resolve => dialog.addEventListener("close", () => {
    dialog.remove();
    resolve(dialog.returnValue === "yes");
  }));
}
