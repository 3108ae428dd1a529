import { make, textButton } from "../page/dom";
import type { TerminalPane } from "../terminals/terminal-pane";

/** Milliseconds before a question can be answered: a click that was meant for the page around must not answer it. */
const settle = 600;

/** Waits until the visitor agrees to what a link does, and resolves to what they filled in. */
export function agreed(panel: HTMLElement): Promise<{ parameters: Record<string, string>; password?: string }> {
  const form = panel.querySelector("form")!;
  const start = form.querySelector<HTMLButtonElement>('button[type="submit"]')!;
  setTimeout(() => {
    start.disabled = false;
    start.focus();
  }, settle);
  return new Promise(resolve => {
    form.addEventListener("submit", event => {
      event.preventDefault();
      if (start.disabled) {
        return;
      }
      const parameters: Record<string, string> = {};
      for (const field of form.querySelectorAll<HTMLInputElement | HTMLSelectElement>("[data-parameter]")) {
        if (field.value !== "") {
          parameters[field.dataset["parameter"]!] = field.value;
        }
      }
      const password = form.querySelector<HTMLInputElement>("#link-password")?.value;
      panel.hidden = true;
      resolve({ parameters, ...password ? { password } : {} });
    });
  });
}

/** Asks whether a command of the page may run in the terminal. */
export function askCommand(pane: TerminalPane, command: string, page: string | null): void {
  const bar = make("div", "ws-notice ws-question frame-command", make("span", "", `${page ?? "The page"} wants to run `, make("code", "", command)));
  bar.setAttribute("role", "group");
  bar.setAttribute("aria-label", `Run this command? ${command}`);
  const close = (): void => {
    bar.remove();
    pane.focus();
  };
  const run = textButton("Run it", () => {
    close();
    pane.session.type(new TextEncoder().encode(`${command}\r`));
  }, "primary");
  run.disabled = true;
  setTimeout(() => {
    run.disabled = false;
  }, settle);
  bar.append(run, textButton("No", close));
  pane.bars.append(bar);
}
