import { make, textButton } from "../page/dom";
import { actionsOf } from "../terminals/commands/actions";
import type { Command } from "../terminals/commands/command-log";
import type { TerminalCommands } from "../terminals/commands/terminal-commands";
import { lineOf, outcome, outcomeWords } from "../terminals/commands/words";

/** Output that is shown in the list; all of it is in the terminal, and is copied from there. */
const mostShown = 20_000;

/** There the list covers the terminals. */
const narrow = matchMedia("(max-width: 760px)");

/** The list of commands beside the terminals, with what they printed. */
export function showCommands(element: HTMLElement, current: () => TerminalCommands | null, onChange: (listener: (command: Command | null) => void) => () => void): () => void {
  const list = make("ol", "command-list");
  list.setAttribute("aria-label", "Commands, newest first");
  const nothing = make("p", "command-none");
  element.append(nothing, list);
  const items = new Map<Command, HTMLElement>();
  let shown: TerminalCommands | null = null;

  const fill = (): void => {
    shown = current();
    items.clear();
    list.replaceChildren();
    for (const command of shown?.log.commands ?? []) {
      put(command);
    }
    say();
  };
  const say = (): void => {
    nothing.hidden = items.size > 0;
    nothing.textContent = !shown ? "No terminal is open." : shown.log.isReported
      ? "No commands have run in this terminal yet."
      : "This program does not report its commands. bash, zsh, fish and BusyBox ash do.";
  };
  const put = (command: Command): void => {
    const item = draw(command, shown!, items.get(command)?.querySelector("details")?.open ?? false);
    const before = items.get(command);
    if (before?.contains(document.activeElement)) {
      // The focus is inside: only the outcome is replaced.
      before.querySelector(".command-outcome")!.replaceWith(item.querySelector(".command-outcome")!);
      return;
    }
    items.set(command, item);
    // The log forgets the oldest ones.
    for (const [old, its] of items) {
      if (items.size <= shown!.log.commands.length) {
        break;
      }
      its.remove();
      items.delete(old);
    }
    if (before) {
      before.replaceWith(item);
    } else {
      list.prepend(item);
    }
  };
  fill();
  return onChange(command => {
    if (current() !== shown || !command) {
      fill();
    } else if (shown?.log.commands.includes(command)) {
      put(command);
      say();
    }
  });
}

function draw(command: Command, commands: TerminalCommands, isOpen: boolean): HTMLElement {
  const now = outcome(command);
  const line = make("code", "command-line", lineOf(command) || "(unknown)");
  line.dir = "ltr";
  const state = make("span", "command-outcome", outcomeWords(command));
  state.dataset["outcome"] = now;
  const output = make("pre", "command-output");
  output.tabIndex = 0;
  output.setAttribute("role", "group");
  output.setAttribute("aria-label", "Output");
  const details = make("details", "", make("summary", "", "Output"), output);
  details.addEventListener("toggle", () => {
    if (details.open) {
      const text = commands.log.outputOf(command);
      output.textContent = text.length > mostShown ? `…${text.slice(-mostShown)}` : text || "(no output, or no longer kept)";
    }
  });
  details.open = isOpen;
  const buttons = make("div", "command-buttons",
    textButton("Show", () => {
      commands.gutter.reveal(command);
      if (narrow.matches) {
        document.querySelector<HTMLElement>("[data-side-close]")?.click();
      }
    }),
    ...actionsOf(command, commands).map(({ label, run }) => textButton(label, run)));
  return make("li", "command-item", make("div", "command-head", line, state), buttons, details);
}
