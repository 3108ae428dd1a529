import { api, headline, type Problem } from "../page/api";
import { consent } from "../page/consent";

/** The page of a recipe in an address: makes a private link of it, and goes to its start. */
export function startNew(article: HTMLElement): void {
  const form = document.getElementById("link-form") as HTMLFormElement;
  const button = form.querySelector<HTMLButtonElement>("button")!;
  const error = document.getElementById("link-error")!;
  form.addEventListener("submit", event => {
    event.preventDefault();
    void start();
  });

  async function start(): Promise<void> {
    button.disabled = true;
    error.hidden = true;
    try {
      const recipe: unknown = JSON.parse(article.dataset["recipe"]!);
      const { hash } = await api<{ hash: string }>("POST", "/api/v1/links", { recipe, title: article.dataset["title"], access: "private" });
      consent.give(hash, { parameters: {} });
      location.assign(`/p/new?link=${hash}`);
    } catch (fault) {
      const problem = fault as Problem;
      error.textContent = `${headline(problem.code)}. ${problem.message}`;
      error.hidden = false;
    } finally {
      button.disabled = false;
    }
  }
}
