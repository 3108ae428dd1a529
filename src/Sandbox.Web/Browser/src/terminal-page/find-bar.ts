import type { FindOptions } from "../terminals/view/terminal-search";
import type { TerminalView } from "../terminals/view/terminal-view";
import { found, mostFound, problemOf } from "./find-words";

/** The bar that searches the terminal that keys go to; gives back what opens it. */
export function startFind(form: HTMLFormElement, active: () => TerminalView | null): () => void {
  const text = form.querySelector("input")!;
  const result = form.querySelector("output")!;
  const toggles = [...form.querySelectorAll<HTMLButtonElement>("[data-option]")];
  let searched: TerminalView | null = null;

  const say = (words: string, wrong = false): void => {
    result.textContent = words;
    result.classList.toggle("wrong", wrong);
    text.setAttribute("aria-invalid", String(wrong));
  };
  const find = (way: { onwards?: boolean } = {}): void => {
    const view = active();
    if (!view) {
      return;
    }
    if (searched !== view) {
      void searched?.search.find("", none, mostFound);
      searched = view;
      // It begins at the newest line, not at what was selected there.
      view.terminal.clearSelection();
    }
    const options = Object.fromEntries(toggles.map(each => [each.dataset["option"], each.getAttribute("aria-pressed") === "true"])) as unknown as FindOptions;
    const problem = options.regex ? problemOf(text.value) : null;
    view.search.onFound = (index, count) => say(found(index, count));
    if (problem !== null || text.value === "") {
      say(problem ?? "", problem !== null);
      void view.search.find("", none, mostFound);
    } else {
      void view.search.find(text.value, { ...options, ...way }, mostFound);
    }
  };
  const close = (): void => {
    form.hidden = true;
    void searched?.search.find("", none, mostFound);
    searched = null;
    active()?.focus();
  };

  form.addEventListener("submit", event => {
    event.preventDefault();
    find({ onwards: event.submitter instanceof HTMLElement && event.submitter.dataset["back"] === undefined });
  });
  text.addEventListener("input", () => find());
  form.addEventListener("keydown", event => {
    if (event.key === "Escape") {
      close();
    } else if (event.key === "Enter" && event.target === text) {
      // A form by itself presses its first button. The newest comes first, so Enter goes up.
      event.preventDefault();
      find({ onwards: event.shiftKey });
    }
  });
  for (const toggle of toggles) {
    toggle.addEventListener("click", () => {
      toggle.setAttribute("aria-pressed", String(toggle.getAttribute("aria-pressed") !== "true"));
      find();
    });
  }
  form.querySelector("[data-close]")!.addEventListener("click", close);
  return () => {
    form.hidden = false;
    text.focus();
    text.select();
    find();
  };
}

const none: FindOptions = { caseSensitive: false, wholeWord: false, regex: false };
