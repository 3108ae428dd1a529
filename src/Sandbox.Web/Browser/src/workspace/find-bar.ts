import type { Tabs } from "./tabs";

/** The bar that searches the terminal that keys go to; gives back what opens it. */
export function startFind(form: HTMLFormElement, tabs: Tabs): () => void {
  const text = form.querySelector("input")!;
  const close = (): void => {
    form.hidden = true;
    tabs.active?.focus();
  };
  form.addEventListener("submit", event => {
    event.preventDefault();
    void tabs.active?.find(text.value, event.submitter instanceof HTMLElement && event.submitter.dataset["back"] !== undefined);
  });
  form.addEventListener("keydown", event => {
    if (event.key === "Escape") {
      close();
    }
  });
  form.querySelector("[data-close]")!.addEventListener("click", close);
  return () => {
    form.hidden = false;
    text.focus();
    text.select();
  };
}
