import { make, textButton } from "../page/dom";
import { type Run, titleOf } from "./run/run-api";

/** The words after the last step: what was done, the next lesson, and how to keep the sandbox. */
export function finishOf(run: Run, keepWords: string, keep: () => void): HTMLElement {
  const steps = run.steps.filter(step => step.kind === "step");
  const done = steps.filter(step => step.state === "passed");
  const skipped = steps.filter(step => step.state === "skipped");
  const list = make("ul", "tut-learned", ...steps.map(step => {
    const sign = make("span", "tut-sign", step.state === "passed" ? "✓" : "–");
    sign.setAttribute("aria-hidden", "true");
    return make("li", "", sign, ` ${titleOf(run, step.title)}`, make("span", "hidden-text", step.state === "passed" ? ", done" : ", skipped"));
  }));
  const links = run.next.flatMap(next => nextLink(next) ?? []);
  const actions = make("div", "tut-finish-actions", ...links, textButton(keepWords, keep));
  const more = make("a", "button small", "More tutorials");
  more.href = "/tutorials";
  if (window.parent !== window) {
    more.target = "_blank";
  }
  actions.append(more);
  const heading = make("h3", "", `You have finished ${run.title}`);
  return make("section", "tut-finish", heading,
    make("p", "", `${done.length} of ${steps.length} steps done${skipped.length > 0 ? `, ${skipped.length} skipped` : ""}.`),
    list, actions);
}

/** A name or hash of this server, or a page elsewhere. A path within the author's own files leads nowhere here. */
function nextLink(next: string): HTMLElement | null {
  const isUrl = /^https?:\/\//i.test(next);
  if (!isUrl && !/^[a-z0-9][a-z0-9-]*(@[0-9a-f]{64})?$/.test(next)) {
    return null;
  }
  const link = make("a", "button small primary", `Next: ${isUrl ? new URL(next).host : next.replaceAll("-", " ")}`);
  link.href = isUrl ? next : `/t/${next}`;
  if (isUrl || window.parent !== window) {
    link.target = "_blank";
    link.rel = "noopener noreferrer";
  }
  return link;
}

/** Whether every step of a tutorial is passed or skipped. */
export function isFinished(run: Run): boolean {
  return run.steps.filter(step => step.kind === "step").every(step => step.state === "passed" || step.state === "skipped");
}

