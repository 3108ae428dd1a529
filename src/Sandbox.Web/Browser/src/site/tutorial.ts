import { api, type Problem } from "../page/api";
import { consent } from "../page/consent";

/** The page that continues a tutorial of another device. */
export function startResume(element: HTMLElement): void {
  const button = element.querySelector<HTMLButtonElement>("button")!;
  button.addEventListener("click", () => {
    button.disabled = true;
    void api<{ playground: { id: string } }>("POST", "/api/v1/tutorials/resume", { code: element.dataset["code"] })
      .then(({ playground }) => location.assign(`/p/${playground.id}`), (problem: Problem) => {
        element.querySelector(".resume-result")!.textContent = problem.message;
        button.disabled = false;
      });
  });
}

/** The page of a tutorial: keeps what its visitor filled in for the page that starts it. */
export function startTutorial(article: HTMLElement): void {
  const form = document.getElementById("tutorial-form");
  form?.addEventListener("submit", event => {
    event.preventDefault();
    const hash = article.dataset["hash"]!;
    const parameters: Record<string, string> = {};
    for (const field of form.querySelectorAll<HTMLInputElement | HTMLSelectElement>("[data-parameter]")) {
      parameters[field.dataset["parameter"]!] = field.value;
    }
    consent.give(hash, { parameters });
    location.assign(`/p/new?tutorial=${hash}`);
  });
}
