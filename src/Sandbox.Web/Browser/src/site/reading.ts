import { api, headline, Problem } from "../page/api";
import { make } from "../page/dom";
import { prerendered } from "../workspace/launch";

/** A repository that is read, as REST gives it. */
interface Reading {
  id: string;
  state: "reading" | "done" | "failed";
  step: string;
  log: string[];
  page?: string | null;
  problems: string[];
  tutorials: { url: string; title: string; summary: string; runnable: boolean; reason?: string | null }[];
  error?: { code: string; message: string } | null;
}

const pause = 400;

/** Codes whose usual heading is about playgrounds. */
const ofRepository = new Set(["not_found", "invalid", "too_large", "conflict"]);

function title(code: string): string {
  return ofRepository.has(code) ? "This repository cannot be opened" : headline(code);
}

/** The page of a repository in an address: has it read, shows how that goes on, and goes to the link that it becomes. */
export function startReading(article: HTMLElement): void {
  const step = document.getElementById("reading-step")!;
  const error = document.getElementById("reading-error")!;
  const log = document.getElementById("reading-log")!;
  const cancel = document.getElementById("reading-cancel") as HTMLButtonElement;
  const again = document.getElementById("reading-again") as HTMLButtonElement;
  let reading: Reading | null = null;
  let isCancelled = false;

  cancel.addEventListener("click", () => {
    isCancelled = true;
    if (reading) {
      void api("DELETE", `/api/v1/readings/${reading.id}`).catch(() => undefined);
    }
    fail("Cancelled", "Nothing was made.");
  });
  again.addEventListener("click", () => void read());
  void prerendered().then(read);

  async function read(): Promise<void> {
    isCancelled = false;
    error.hidden = again.hidden = true;
    step.hidden = cancel.hidden = false;
    const began = performance.now();
    try {
      reading = await api<Reading>("POST", "/api/v1/readings", { address: article.dataset["target"] });
      while (reading.state === "reading" && !isCancelled) {
        show(reading, (performance.now() - began) / 1000);
        await new Promise(resolve => setTimeout(resolve, pause));
        reading = await api<Reading>("GET", `/api/v1/readings/${reading.id}`);
      }
      if (isCancelled) {
        return;
      }
      show(reading, (performance.now() - began) / 1000);
      if (reading.state === "done" && (reading.tutorials.length > 1 || (reading.tutorials.length === 1 && reading.problems.length > 0))) {
        list(reading);
      } else if (reading.state === "done") {
        location.replace(reading.page!);
      } else {
        fail(title(reading.error?.code ?? "internal"), reading.error?.message ?? "");
      }
    } catch (fault) {
      if (!isCancelled) {
        fail(title(fault instanceof Problem ? fault.code : "internal"), (fault as Error).message);
      }
    }
  }

  function show(now: Reading, seconds: number): void {
    step.textContent = `${now.step}${seconds >= 2 ? ` · ${Math.floor(seconds)} s` : " …"}`;
    log.textContent = now.log.join("\n");
  }

  /** Several tutorials, or one of which parts are left out. */
  function list(done: Reading): void {
    const place = document.getElementById("reading-tutorials")!;
    const count = done.tutorials.length;
    const tutorials = make("ul", "link-list", ...done.tutorials.map(tutorial => {
      const link = make("a", "", tutorial.title);
      link.href = tutorial.url;
      return make("li", "", link, make("span", "hint", tutorial.runnable ? ` ${tutorial.summary}` : ` It can be read only: ${tutorial.reason ?? "it cannot run here"}`));
    }));
    place.replaceChildren(make("h2", "", count === 1 ? "One tutorial" : `${count} tutorials`), tutorials);
    if (done.problems.length > 0) {
      const details = make("details", "", make("summary", "", `${done.problems.length} ${done.problems.length === 1 ? "part is" : "parts are"} left out or worth a look`),
        make("ul", "link-list", ...done.problems.map(problem => make("li", "", problem))));
      place.append(details);
    }
    place.hidden = false;
    step.hidden = cancel.hidden = true;
    document.querySelector("#reading h1")!.textContent = document.querySelector("#reading h1")!.textContent!.replace("Reading ", "");
  }

  function fail(title: string, detail: string): void {
    error.textContent = `${title}. ${detail}`;
    error.hidden = again.hidden = false;
    step.hidden = cancel.hidden = true;
  }
}
