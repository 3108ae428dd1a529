import { make, outside, textButton } from "../../page/dom";
import { toast } from "../../page/toast";
import type { BlockView } from "../run/run-api";
import type { BlockContext } from "./block-context";
import { asButton, copy } from "./run-block";

/** A block that writes a file. */
export function startWriteBlock(element: HTMLElement, block: BlockView, context: BlockContext): void {
  const path = block.path ?? "";
  const state = make("span", "block-state");
  const verb = { append: "Append to", prepend: "Put at the top of", replace: "Replace in", insertBefore: "Insert into", insertAfter: "Insert into" }[block.mode ?? ""] ?? "Write";
  const write = async (): Promise<void> => {
    button.disabled = true;
    try {
      const written = await context.api.write(context.step, block.index);
      context.ran.add(context.step, block.index, 0);
      element.dataset["state"] = "passed";
      state.replaceChildren(make("span", "block-sign", "✓"), " written");
      context.announce(`${written.path} is written`);
      context.place.wrote(written.path);
    } catch (error) {
      element.dataset["state"] = "failed";
      state.replaceChildren(make("span", "block-sign", "✕"), ` not written: ${messageOf(error)}`);
      context.announce(`${path} is not written: ${messageOf(error)}`);
    } finally {
      button.disabled = false;
    }
  };
  const button = textButton(`${verb} ${path}`, () => void write(), "block-run");
  const open = textButton("Open in editor", () => void context.place.edit(path, context.editorPath, null));
  element.append(make("div", "block-bar", button, open, textButton("Copy", () => void copy(block.text ?? "")), state));
  if (context.ran.of(context.step, block.index) !== undefined) {
    element.dataset["state"] = "ran";
    state.replaceChildren(make("span", "block-sign", "✓"), " already written");
  }
}

/** A block that opens a file in the editor. */
export function startOpenBlock(element: HTMLElement, block: BlockView, context: BlockContext): void {
  const path = block.path ?? "";
  asButton(element, `Open ${path} in the editor`, () => void context.place.edit(path, context.editorPath, block.at ?? null));
}

/** A block that copies a text. */
export function startCopyBlock(element: HTMLElement, block: BlockView): void {
  const text = block.text ?? element.textContent ?? "";
  if (block.inline || element.tagName === "A") {
    asButton(element, `Copy ${text}`, () => void copy(text));
    element.title = "Copy";
  } else {
    element.append(make("div", "block-bar", textButton("Copy", () => void copy(text))));
  }
}

/** A block that leads to a page outside, or to a port of the sandbox. */
export function startLinkBlock(element: HTMLElement, block: BlockView, context: BlockContext): void {
  const link = block.kind === "port" ? block.port ? context.place.portLink(block.port, block.path ?? "/", block.host) : null : /^https?:\/\//i.test(block.url ?? "") ? outside(block.url!) : null;
  if (!link) {
    asButton(element, element.textContent ?? "", () => toast(block.kind === "port" ? "This tutorial does not say which port. Ports on which a program listens are in the bar above." : "This address cannot be opened.", "error"));
    return;
  }
  link.append(...element.childNodes);
  link.className = element.className;
  if (link.textContent?.trim() === "") {
    link.textContent = block.label || (block.port ? `Port ${block.port}` : block.url ?? "");
  }
  for (const [name, value] of Object.entries(element.dataset)) {
    link.dataset[name] = value;
  }
  element.replaceWith(link);
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : "Something went wrong.";
}
