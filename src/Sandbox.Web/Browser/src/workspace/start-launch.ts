import { api, type Playground, type Problem } from "../page/api";
import { answered, endQuestion } from "../page/confirm";
import { consent } from "../page/consent";
import { timeLeft } from "../page/countdown";
import type { Panel } from "../page/panel";
import { toast } from "../page/toast";
import { imageOf, launch, type Launched } from "./launch";
import * as panels from "./playground-panels";

/** The parts of the page that a launch uses. */
export interface LaunchWays {
  /** The size that the first terminal will have. */
  expectedSize(): Parameters<typeof launch>[1];
  /** It was made. */
  taken(playground: Playground): void;
}

/** The launch that the page's address names. Null if it names none, or if the visitor has to agree first: then the browser goes to the page for that. */
export function askedFor({ launch: image, link, tutorial, consent: asks }: DOMStringMap): Launched | null {
  return image ? imageOf(image) : tutorial ? lessonOf(tutorial) : link ? linkOf(link, asks === "true") : null;
}

/** A link with what its visitor filled in; null, and on to the link's page, when they have not agreed to it yet. */
function linkOf(hash: string, asks: boolean): Launched | null {
  const answers = consent.answers(hash);
  if (asks && !answers) {
    location.replace(`/x/${hash}`);
    return null;
  }
  return { link: hash, ...answers };
}

/** A tutorial with the values of its parameters; null, and on to its page, when the visitor has not started it there: it runs commands of its author. */
function lessonOf(hash: string): Launched | null {
  const answers = consent.answers(hash);
  if (!answers) {
    location.replace(`/t/${hash}`);
    return null;
  }
  return { tutorial: hash, parameters: answers.parameters };
}

/** Launches a playground and shows that; where the server refuses, what the visitor can do. */
export function startLaunch(root: HTMLElement, state: HTMLElement, panel: Panel, ways: LaunchWays): (what: Launched) => Promise<void> {
  const run = async (what: Launched): Promise<void> => {
    root.dataset["state"] = "starting";
    state.textContent = "starting";
    panel.show(panels.asking(root.dataset["title"] ?? ""));
    let made: Playground;
    try {
      made = await launch(what, ways.expectedSize());
    } catch (error) {
      refused(error as Problem, () => void run(what), "link" in what ? `/x/${what.link}` : "tutorial" in what ? `/t/${what.tutorial}` : null);
      return;
    }
    if ("link" in what || "tutorial" in what) {
      consent.forgetAnswers("link" in what ? what.link : what.tutorial);
    }
    history.replaceState(null, "", `/p/${made.id}`);
    ways.taken(made);
  };

  const refused = (problem: Problem, again: () => void, from: string | null): void => {
    root.dataset["state"] = "refused";
    state.textContent = "not started";
    panel.show(panels.refusedLaunch(problem, again, from));
    if (problem.code === "quota") {
      void showRunning(problem, again, from);
    }
  };

  /** Lists what takes the visitor's places, so that one can be ended here. */
  const showRunning = async (problem: Problem, again: () => void, from: string | null): Promise<void> => {
    const mine = await api<Playground[]>("GET", "/api/v1/playgrounds").catch(() => []);
    const rows = mine.filter(each => each.state !== "ended").map(each => ({
      text: each.tutorial?.title ?? each.image,
      detail: `${each.state}, ${timeLeft(Date.parse(each.lease.endsAt), Date.now())} left`,
      actions: [
        { label: "Open", href: `/p/${each.id}` },
        { label: "End", run: () => void endOther(each, again) },
      ],
    }));
    if (rows.length > 0 && root.dataset["state"] === "refused") {
      panel.show({ ...panels.refusedLaunch(problem, again, from), rows });
    }
  };
  return run;
}

async function endOther({ id, image, state }: Playground, again: () => void): Promise<void> {
  const answer = await answered(endQuestion(`the playground ${image}`, state === "running" || state === "paused" || state === "stopped"));
  if (answer === "no") {
    return;
  }
  try {
    await api("DELETE", `/api/v1/playgrounds/${id}${answer === "instead" ? "?save=1" : ""}`);
  } catch (error) {
    toast((error as Problem).message, "error");
    return;
  }
  again();
}
