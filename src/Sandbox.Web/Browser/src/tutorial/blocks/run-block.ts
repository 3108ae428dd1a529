import { writeClipboard } from "../../page/clipboard";
import { icon, make, textButton } from "../../page/dom";
import { toast } from "../../page/toast";
import { hubWords } from "../../terminals/session/hub-error";
import type { BlockView } from "../run/run-api";
import { askBusy } from "./busy-question";
import type { BlockContext } from "./block-context";
import { followRun, type RunState } from "./run-state";
import { interrupt, isTaken, programOf, targetOf, terminalsOf, typeBlock } from "./typing";

type Shown = RunState | { readonly kind: "idle" | "busy" } | { readonly kind: "ran"; readonly code: number | null };

const signs: Record<Shown["kind"], string> = { idle: "", busy: "", sent: "→", running: "●", passed: "✓", unknown: "✓", failed: "✕", ran: "✓" };

function wordsOf(state: Shown, program: string): string {
  switch (state.kind) {
    case "idle": return "";
    case "busy": return `terminal busy: ${program}`;
    case "sent": return "sent to the terminal";
    case "running": return "running";
    case "passed": return "done";
    case "unknown": return "ended";
    case "failed": return `failed, exit code ${state.code}`;
    case "ran": return state.code === null || state.code === 0 ? "already run" : `already run, exit code ${state.code}`;
  }
}

/** A block that types a command into a terminal on a click. */
export function startRunBlock(element: HTMLElement, block: BlockView, context: BlockContext): void {
  const where = block.allTerminals ? " in all terminals" : block.terminalName ? ` in ${block.terminalName}` : context.place.machine(block.host) !== null ? ` in ${context.place.machine(block.host)}` : block.terminal && block.terminal > 1 ? ` in terminal ${block.terminal}` : "";
  const state = make("span", "block-state");
  const code = element.querySelector("code");
  const command = block.command ?? code?.textContent ?? "";
  let shown: Shown = { kind: "idle" };
  let stop: () => void = () => undefined;

  const before = context.ran.of(context.step, block.index);
  const draw = (next: Shown): void => {
    shown = next;
    const target = targetOf(context.place, block);
    const busy = (next.kind === "idle" || next.kind === "ran") && target && isTaken(target) ? programOf(target) : null;
    const drawn: Shown = busy === null ? next : { kind: "busy" };
    const words = wordsOf(drawn, busy ?? "");
    if (element.dataset["state"] !== drawn.kind || state.dataset["words"] !== words) {
      element.dataset["state"] = drawn.kind;
      state.dataset["words"] = words;
      state.replaceChildren(...words ? [make("span", "block-sign", signs[drawn.kind]), ` ${words}`] : []);
    }
  };

  const run = async (): Promise<void> => {
    try {
      for (const wanted of await terminalsOf(context.place, block)) {
        const typed = await typeBlock(context.place, wanted, block, terminal => askBusy(terminal));
        if (typed.kind === "stuck") {
          toast(`${typed.program} did not stop. End it in the terminal, or run this in another terminal.`, "error");
          return;
        }
        if (typed.kind === "cancelled") {
          return;
        }
        stop();
        draw({ kind: "sent" });
        context.ran.add(context.step, block.index, null);
        stop = followRun(typed.terminal.pane.commands, typed.text, next => {
          draw(next);
          if (next.kind === "passed" || next.kind === "failed") {
            context.ran.add(context.step, block.index, next.kind === "failed" ? next.code : 0);
            context.announce(`${command.slice(0, 80)}: ${wordsOf(next, "")}`);
          }
        });
      }
    } catch (error) {
      toast(hubWords(error), "error");
    }
  };

  const redraw = (): void => draw(shown);
  const ends: (() => void)[] = [() => stop(), context.place.onActive(redraw)];
  ends.push(context.place.onTerminal(terminal => {
    const screen = terminal.pane.view.terminal.buffer.onBufferChange(redraw);
    ends.push(terminal.pane.commands.follow(redraw), () => screen.dispose());
  }));
  context.signal.addEventListener("abort", () => ends.forEach(end => end()));

  if (block.inline || element.tagName === "A") {
    asButton(element, `Run${where}: ${command}`, () => void run());
    element.title = `Run${where}`;
    element.append(state);
  } else {
    const go = textButton("Run", () => void run(), "block-run");
    go.prepend(icon("run"));
    if (where) {
      go.append(where);
    }
    go.setAttribute("aria-label", `Run${where}: ${command.slice(0, 120)}`);
    const bar = make("div", "block-bar", go, textButton("Copy", () => void copy(command)), state);
    element.append(bar);
    const text = element.querySelector("pre");
    text?.addEventListener("click", () => {
      // A click that ends a selection is about the selection.
      if (getSelection()?.isCollapsed !== false) {
        void run();
      }
    });
  }
  draw(before === undefined ? { kind: "idle" } : { kind: "ran", code: before });
}

/** A block that sends Ctrl-C. */
export function startInterruptBlock(element: HTMLElement, block: BlockView, context: BlockContext): void {
  asButton(element, "Send Ctrl-C", () => {
    void terminalsOf(context.place, block).then(terminals => {
      for (const terminal of terminals) {
        interrupt(terminal);
        context.place.show(terminal);
      }
    }, (error: unknown) => toast(hubWords(error), "error"));
  });
}

/** Makes an element of a text a button. */
export function asButton(element: HTMLElement, label: string, run: () => void): void {
  element.setAttribute("role", "button");
  element.setAttribute("aria-label", label.slice(0, 200));
  element.tabIndex = 0;
  element.classList.add("block-button");
  element.addEventListener("click", event => {
    event.preventDefault();
    run();
  });
  element.addEventListener("keydown", event => {
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      run();
    }
  });
}

export async function copy(text: string): Promise<void> {
  if (await writeClipboard(text)) {
    toast("Copied");
  } else {
    toast("The browser blocked copying", "error");
  }
}
