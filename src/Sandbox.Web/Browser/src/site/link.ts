import { consent } from "../page/consent";

/** The page of a link: keeps what its visitor filled in for the page that starts it. */
export function startLink(article: HTMLElement): void {
  const hash = article.dataset["hash"]!;
  const asks = article.dataset["form"] === "true";
  const form = document.getElementById("link-form") as HTMLFormElement;
  const isRunning = article.querySelector(".link-running") !== null;
  const start = form.querySelector<HTMLButtonElement>('button[type="submit"]');
  if (!start) {
    return;
  }

  form.addEventListener("submit", event => {
    event.preventDefault();
    const parameters: Record<string, string> = {};
    for (const field of form.querySelectorAll<HTMLInputElement | HTMLSelectElement>("[data-parameter]")) {
      if (field.value !== "") {
        parameters[field.dataset["parameter"]!] = field.value;
      }
    }
    const password = form.querySelector<HTMLInputElement>("#link-password")?.value;
    consent.give(hash, { parameters, ...(password ? { password } : {}) });
    location.assign(`/p/new?link=${hash}`);
  });

  // Agreed to before in this browser, and nothing to fill in. Going back shows the page.
  const came = performance.getEntriesByType("navigation")[0] as PerformanceNavigationTiming | undefined;
  if (article.dataset["consent"] === "true" && !asks && !isRunning && consent.isGiven(hash) && came?.type === "navigate" && document.referrer !== location.href) {
    form.requestSubmit();
  }
}
