import { make, textButton } from "../../page/dom";
import type { BlockView } from "../run/run-api";
import type { BlockContext } from "./block-context";
import { messageOf } from "./file-blocks";

/** A block that runs a test of the author's. */
export function startTestBlock(element: HTMLElement, block: BlockView, context: BlockContext): void {
  const label = block.label || block.name || "Test";
  const state = make("span", "block-state");
  const printed = make("pre", "block-printed");
  printed.hidden = true;
  printed.tabIndex = 0;
  const show = (kind: "passed" | "failed", words: string, output: string): void => {
    element.dataset["state"] = kind;
    state.replaceChildren(make("span", "block-sign", kind === "passed" ? "✓" : "✕"), ` ${words}`);
    printed.textContent = output.trim();
    printed.hidden = kind === "passed" || printed.textContent === "";
    context.announce(`${label}: ${words}`);
  };
  const button = textButton("Test", () => {
    button.disabled = true;
    element.dataset["state"] = "running";
    state.replaceChildren(make("span", "block-sign", "●"), " running");
    void context.api.test(context.step, block.index).then(
      ({ passed, timedOut, output }) => show(passed ? "passed" : "failed", passed ? "passed" : timedOut ? "did not end in time" : "not yet", output),
      (error: unknown) => show("failed", messageOf(error), "")).finally(() => {
      button.disabled = false;
    });
  }, "block-run");
  button.setAttribute("aria-label", `Test: ${label}`);
  element.replaceChildren(make("p", "block-label", label), make("div", "block-bar", button, state), printed);
}
