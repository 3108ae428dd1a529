import { make } from "../page/dom";
import { Problem } from "../page/api";
import type { Checked } from "./run/run-api";

/** The result of a check, as the visitor reads it. */
export function showCheck(element: HTMLElement, checked: Checked): void {
  const started = checked.exitCode !== null && checked.exitCode !== undefined;
  const title = checked.passed ? checked.message || "Done"
    : checked.timedOut ? "The check did not end in time and was stopped. It may wait for something: try again, or skip this step."
      : !started ? `The check could not start. ${checked.message}`.trim()
        : checked.message || "Not done yet";
  put(element, checked.passed ? "passed" : "failed", title);
  showAssertions(element, checked.assertions);
  const rest = checked.output.trim();
  if (!checked.passed && rest !== "" && rest !== checked.message.trim() && checked.assertions.length === 0) {
    element.append(output("What the check printed", rest));
  }
}

/** The named parts of a check, below its message. */
export function showAssertions(element: HTMLElement, assertions: Checked["assertions"]): void {
  element.querySelector(".tut-assertions")?.remove();
  if (assertions.length > 0) {
    element.append(make("ul", "tut-assertions", ...assertions.map(({ name, passed }) => {
      const sign = make("span", "tut-sign", passed ? "✓" : "✕");
      sign.setAttribute("aria-hidden", "true");
      return make("li", passed ? "passed" : "failed", sign, make("span", "hidden-text", passed ? "passed: " : "not yet: "), make("span", "", name));
    })));
  }
}

/** Why something of a step could not be done. */
export function showProblem(element: HTMLElement, error: unknown): void {
  put(element, "failed", error instanceof Problem || error instanceof Error ? error.message : "Something went wrong.");
}

export function showNote(element: HTMLElement, kind: "passed" | "failed" | "busy", text: string): void {
  put(element, kind, text);
}

/** A printed text behind a heading that opens it. */
export function output(title: string, text: string): HTMLElement {
  const pre = make("pre", "", text.length > 20_000 ? `…${text.slice(-20_000)}` : text);
  pre.tabIndex = 0;
  return make("details", "tut-output", make("summary", "", title), pre);
}

function put(element: HTMLElement, kind: "passed" | "failed" | "busy", text: string): void {
  element.dataset["kind"] = kind;
  const sign = make("span", "tut-sign", kind === "passed" ? "✓" : kind === "failed" ? "✕" : "…");
  sign.setAttribute("aria-hidden", "true");
  element.replaceChildren(make("p", "tut-message", sign, " ", text));
}
