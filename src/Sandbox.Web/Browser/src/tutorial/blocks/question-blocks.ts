import { make, textButton } from "../../page/dom";
import type { BlockView } from "../run/run-api";
import type { BlockContext } from "./block-context";
import { messageOf } from "./file-blocks";

/** A block that asks a question. The server knows the right answers. */
export function startQuizBlock(element: HTMLElement, block: BlockView, context: BlockContext): void {
  const inputs = [...element.querySelectorAll<HTMLInputElement>("input")];
  const result = make("p", "quiz-result");
  result.setAttribute("role", "status");
  const isText = block.answer === "exact" || block.answer === "contains";
  element.setAttribute("role", "group");
  element.querySelectorAll<HTMLElement>(".question, label span").forEach(showCode);
  const question = element.querySelector<HTMLElement>(".question");
  if (question) {
    question.id = `question-${block.index}`;
    element.setAttribute("aria-labelledby", question.id);
  }
  const right = (): void => {
    element.dataset["state"] = "passed";
    result.textContent = "✓ Right";
    inputs.forEach(input => input.disabled = true);
    button.hidden = true;
  };
  const answer = async (): Promise<void> => {
    const choices = inputs.flatMap((input, index) => input.checked ? [index] : []);
    const text = inputs[0]?.value.trim() ?? "";
    if (isText ? text === "" : choices.length === 0) {
      result.textContent = isText ? "Type an answer first." : "Choose an answer first.";
      return;
    }
    button.disabled = true;
    try {
      const answered = await context.api.answer(context.step, block.index, isText ? { text } : { choices });
      if (answered.right) {
        right();
      } else {
        element.dataset["state"] = "failed";
        result.textContent = block.answer === "several" ? "✕ Not quite. Choose all that are right, and none that is wrong." : "✕ Not right. Try again.";
      }
    } catch (error) {
      result.textContent = messageOf(error);
    } finally {
      button.disabled = false;
    }
  };
  const button = textButton("Answer", () => void answer());
  inputs.forEach(input => input.addEventListener("keydown", event => {
    if (event.key === "Enter" && isText) {
      event.preventDefault();
      void answer();
    }
  }));
  element.append(make("div", "block-bar", button, result));
  if (block.answered) {
    right();
  }
}

/** Words between backticks are code. */
function showCode(element: HTMLElement): void {
  const parts = (element.textContent ?? "").split(/`([^`]+)`/);
  if (parts.length > 1) {
    element.replaceChildren(...parts.map((part, index) => index % 2 === 0 ? part : make("code", "", part)));
  }
}

/** A block that asks for the value of a parameter. */
export function startParameterBlock(element: HTMLElement, block: BlockView, context: BlockContext): void {
  const name = block.name ?? "";
  const input = document.createElement("input");
  input.type = "text";
  input.value = context.parameters[name] ?? block.default ?? "";
  input.maxLength = 1000;
  const label = make("label", "", element.textContent?.trim() || block.prompt || name, " ", input);
  const result = make("span", "quiz-result");
  result.setAttribute("role", "status");
  const form = make("form", "block-bar", label, make("button", "button small", "Use this"), result);
  form.addEventListener("submit", event => {
    event.preventDefault();
    void context.api.set(name, input.value).then(run => {
      result.textContent = "✓ Used from now on";
      context.changed(run);
    }, (error: unknown) => {
      result.textContent = messageOf(error);
    });
  });
  element.replaceChildren(form);
}
