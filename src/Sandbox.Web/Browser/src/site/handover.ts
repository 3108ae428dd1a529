import { api, headline, type Problem } from "../page/api";
import { keepReturn } from "../page/return-address";

/** The page of a playground that comes from a frame elsewhere: takes it when the visitor says so. */
export function startHandover(article: HTMLElement): void {
  const button = article.querySelector("button")!;
  const error = document.getElementById("link-error")!;
  button.addEventListener("click", () => void take());

  async function take(): Promise<void> {
    button.disabled = true;
    error.hidden = true;
    try {
      const taken = await api<{ url: string; playground: string; returnTo: string | null }>("POST", "/api/v1/handovers", { code: article.dataset["code"] });
      if (taken.returnTo) {
        keepReturn(taken.playground, taken.returnTo);
      }
      location.replace(taken.url);
    } catch (fault) {
      const problem = fault as Problem;
      error.textContent = `${problem.code === "not_found" ? "This address no longer works" : headline(problem.code)}. ${problem.message}`;
      error.hidden = false;
      button.disabled = false;
    }
  }
}
