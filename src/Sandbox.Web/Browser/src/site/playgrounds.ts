import { api, headline, Problem } from "../page/api";
import { answered, confirmed, endQuestion, stopQuestion } from "../page/confirm";
import { endsSoon, timeLeft } from "../page/countdown";
import { refresh } from "../page/refresh";
import { toast } from "../page/toast";
import { takeHome } from "../saving/take-home";

/** The page of one's own playgrounds: counts down, acts, and stays current. */
export function startPlaygrounds(list: HTMLElement): void {
  const tick = (): void => {
    for (const time of list.querySelectorAll<HTMLTimeElement>("time[data-ends]")) {
      const endsAt = Date.parse(time.dateTime);
      time.textContent = `${timeLeft(endsAt, Date.now())} left`;
      time.classList.toggle("soon", endsSoon(endsAt, Date.now()));
    }
    for (const time of list.querySelectorAll<HTMLTimeElement>("time[data-at]")) {
      time.textContent = new Date(time.dateTime).toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
    }
  };
  tick();
  list.addEventListener("refreshed", tick);
  setInterval(tick, 1000);
  setInterval(() => {
    if (!document.hidden) {
      void refresh(list.id).catch(() => undefined);
    }
  }, 5000);

  list.addEventListener("click", event => {
    const button = (event.target as Element).closest<HTMLButtonElement>("button[data-act]");
    if (button) {
      void act(button);
    }
  });

  async function act(button: HTMLButtonElement): Promise<void> {
    const { act, id, name } = button.dataset as { act: string; id: string; name: string };
    if (act === "take-home") {
      await takeHome(id).catch((error: unknown) => toast((error as Problem).message, "error"));
    } else if (act === "remove") {
      const state = button.closest<HTMLElement>(".row")?.dataset["state"];
      const answer = await answered(endQuestion(name, state !== "queued" && state !== "starting"));
      if (answer !== "no") {
        await run(button, "DELETE", `/api/v1/playgrounds/${id}${answer === "instead" ? "?save=1" : ""}`);
      }
    } else if (act === "extend") {
      await run(button, "POST", `/api/v1/playgrounds/${id}/extend`);
    } else if (act !== "stop" || await confirmed(stopQuestion)) {
      await Promise.all((button.dataset["sandboxes"] ?? "").split(" ").filter(Boolean).map(sandbox => run(button, "POST", `/api/v1/sandboxes/${sandbox}/${act}`)));
    }
  }

  async function run(button: HTMLButtonElement, method: string, path: string): Promise<void> {
    button.disabled = true;
    try {
      await api(method, path);
    } catch (error) {
      const problem = error as Problem;
      toast(`${headline(problem.code)}. ${problem.message}`, "error");
    } finally {
      button.disabled = false;
      await refresh(list.id).catch(() => undefined);
    }
  }
}
