import { openDialog } from "../page/dialog";
import { make } from "../page/dom";
import { toast } from "../page/toast";
import type { RunApi } from "./run/run-api";

/** Asks what is wrong with a step, and tells its author. */
export function openReport(api: RunApi, step: number, words: string, command: string | null): void {
  const text = document.createElement("textarea");
  text.id = "report-text";
  text.rows = 5;
  text.maxLength = 2000;
  text.required = true;
  const label = make("label", "", "What is wrong with it?");
  label.htmlFor = text.id;
  const error = make("p", "bad");
  error.setAttribute("role", "alert");
  const send = make("button", "button primary", "Send");
  const note = make("p", "hint", command ? `The author also sees your last command: ${command.slice(0, 200)}` : "The author sees the step and your words.");
  const form = make("form", "tut-report", label, text, note, error, make("div", "dialog-actions", send));
  const dialog = openDialog(`Report ${words.toLowerCase()}`, form);
  form.addEventListener("submit", event => {
    event.preventDefault();
    send.disabled = true;
    void api.report(step, text.value, command).then(() => {
      dialog.close();
      toast("Reported. Thank you.");
    }, (problem: Error) => {
      error.textContent = problem.message;
      send.disabled = false;
    });
  });
}
