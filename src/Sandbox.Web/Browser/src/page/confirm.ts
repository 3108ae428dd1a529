import { make } from "./dom";
import { showModal } from "./keys-home";

/** A question before an action that cannot be undone. */
export interface Question {
  readonly title: string;
  readonly text: string;
  readonly no: string;
  readonly yes: string;
  /** A third answer, which keeps what `yes` loses. */
  readonly instead?: string;
  /** A download of some of what `yes` loses. */
  readonly download?: { readonly label: string; readonly href: string };
}

export const stopQuestion: Question = {
  title: "Stop this playground?",
  text: "All programs end. Your files are kept, and you can start it again.",
  no: "Keep it running",
  yes: "Stop it",
};

/**
 * @param canSave whether it got as far as to have files
 * @param home the address of its home directory as a tar
 */
export function endQuestion(name: string, canSave: boolean, home: string | null = null): Question {
  return {
    title: `End ${name}?`,
    text: canSave
      ? "All programs end, and every file that you made or changed is deleted permanently. “Save and end” keeps the files as a private link of yours, from which you can continue."
      : "All programs end, and its files are deleted permanently.",
    no: "Keep it",
    yes: "End it",
    ...canSave ? { instead: "Save and end" } : {},
    ...home ? { download: { label: "Download the home directory (tar)", href: home } } : {},
  };
}

export type Answer = "no" | "yes" | "instead";

/** Whether the answer is yes. */
export async function confirmed(question: Question): Promise<boolean> {
  return await answered(question) === "yes";
}

/** Asks in a dialog; Enter and Escape answer no. */
export function answered({ title, text, no, yes, instead, download }: Question): Promise<Answer> {
  const heading = make("h2", "", title);
  heading.id = "confirm-question";
  const keep = make("button", "button", no);
  keep.autofocus = true;
  const go = make("button", "button danger", yes);
  go.value = "yes";
  const form = make("form", "", heading, make("p", "", text), make("div", "dialog-actions", keep));
  if (download) {
    const link = make("a", "", download.label);
    link.href = download.href;
    link.download = "";
    form.insertBefore(make("p", "", link), form.lastElementChild);
  }
  if (instead) {
    const other = make("button", "button", instead);
    other.value = "instead";
    form.lastElementChild!.append(other);
  }
  form.lastElementChild!.append(go);
  form.method = "dialog";
  const dialog = make("dialog", "confirm", form);
  dialog.setAttribute("aria-labelledby", heading.id);
  document.body.append(dialog);
  showModal(dialog);
  return new Promise(resolve => dialog.addEventListener("close", () => {
    dialog.remove();
    resolve(dialog.returnValue === "yes" || dialog.returnValue === "instead" ? dialog.returnValue : "no");
  }));
}
