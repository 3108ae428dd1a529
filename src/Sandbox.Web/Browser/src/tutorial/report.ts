import { openDialog } from "../page/dialog";
import { make, outside } from "../page/dom";
import { toast } from "../page/toast";
import { type Run, type RunApi, type RunStep, stepWords } from "./run/run-api";

/** Asks what is wrong with a step, and tells its author. */
export function openReport(api: RunApi, run: Run, step: RunStep, command: string | null): void {
  const words = stepWords(run, step);
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
    void api.report(step.number, text.value, command).then(() => {
      const elsewhere = run.reports ? addressOf(run.reports, `${run.title}: ${words}`, `${text.value}\n\n${words} of ${run.title}\nVersion: ${run.hash}${command ? `\nLast command: ${command}` : ""}\n`) : null;
      if (elsewhere === null) {
        dialog.close();
        toast("Reported. Thank you.");
        return;
      }
      const link = outside(elsewhere, elsewhere.startsWith("mailto:") ? "Write to the author" : "Open an issue");
      link.className = "button primary";
      form.replaceChildren(make("p", "", "Reported. Thank you. The author also takes reports elsewhere, where you can follow them."), make("div", "dialog-actions", link));
      link.focus();
    }, (problem: Error) => {
      error.textContent = problem.message;
      send.disabled = false;
    });
  });
}

/** The author's address with the report filled in; null for an address that is neither a page nor a mailbox. */
export function addressOf(reports: string, title: string, body: string): string | null {
  if (!/^(https:\/\/|mailto:)/i.test(reports)) {
    return null;
  }
  const fields = `${/^mailto:/i.test(reports) ? "subject" : "title"}=${encodeURIComponent(title)}&body=${encodeURIComponent(body)}`;
  return `${reports}${reports.includes("?") ? "&" : "?"}${fields}`;
}
