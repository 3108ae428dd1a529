import { visible } from "../../page/visible";
import type { PlaceTerminal, TutorialPlace } from "../run/place";
import type { BlockView } from "../run/run-api";

/** A visitor's answer when a program runs in the terminal that a block types into. */
export type BusyAnswer = "cancel" | "interrupt" | "other" | "type";

/** How long a program may take to stop after Ctrl-C, and a new shell until its prompt, in ms: a busy server takes seconds. */
const patience = 10_000;
const encoder = new TextEncoder();

/** How typing ended. */
export type Typed =
  | { readonly kind: "typed"; readonly terminal: PlaceTerminal; readonly text: string }
  | { readonly kind: "cancelled" }
  | { readonly kind: "stuck"; readonly program: string };

/** The terminals that a block is meant for, opened if absent. */
export async function terminalsOf(place: TutorialPlace, block: BlockView): Promise<readonly PlaceTerminal[]> {
  if (block.allTerminals && place.terminals().length > 0) {
    return place.terminals();
  }
  return [block.terminalName ? await place.named(block.terminalName)
    : block.terminal ? await place.numbered(block.terminal, block.host)
      : place.active() ?? await place.numbered(1)];
}

/** The terminal that a block would type into now, if it is open. */
export function targetOf(place: TutorialPlace, block: BlockView): PlaceTerminal | null {
  return (block.terminalName ? place.terminals().find(each => each.name === block.terminalName) : block.terminal ? place.found(block.terminal, block.host) : place.active()) ?? null;
}

/**
 * Whether a program has the terminal. A program that asked for bracketed paste on the normal screen waits at a prompt of
 * its own, as a shell in a container or a database's client: typing into it is what a tutorial wants.
 */
export function isTaken({ pane }: PlaceTerminal): boolean {
  const { terminal } = pane.view;
  const waits = terminal.buffer.active.type === "normal" && terminal.modes.bracketedPasteMode;
  return pane.commands.log.isBusy && !waits;
}

/** The words for the program that has a terminal. */
export function programOf({ pane }: PlaceTerminal): string {
  const line = visible(pane.commands.log.runs ?? "").trim();
  return line === "" ? "A program" : line.length > 60 ? `${line.slice(0, 60)}…` : line;
}

/** Types the lines of a block into a terminal. Asks first if a program runs there. */
export async function typeBlock(place: TutorialPlace, wanted: PlaceTerminal, block: BlockView, ask: (terminal: PlaceTerminal) => Promise<BusyAnswer>): Promise<Typed> {
  let terminal = wanted;
  await ready(terminal);
  if (block.interrupt) {
    interrupt(terminal);
    await until(() => !isTaken(terminal));
  }
  if (isTaken(terminal)) {
    switch (await ask(terminal)) {
      case "cancel":
        return { kind: "cancelled" };
      case "other":
        terminal = await place.another();
        await ready(terminal);
        break;
      case "interrupt": {
        const program = programOf(terminal);
        interrupt(terminal);
        if (!await until(() => !isTaken(terminal))) {
          return { kind: "stuck", program };
        }
        break;
      }
      case "type":
        break;
    }
  }
  const { pane } = terminal;
  if (block.clear) {
    pane.view.terminal.clear();
  }
  const { log } = pane.commands;
  if (log.isReported && !log.isBusy && !log.isReady) {
    // Half a line of the visitor's: to the end of it, and cut it. Ctrl-Y brings it back in most shells.
    pane.session.type(encoder.encode("\x05\x15"));
  }
  const command = (block.command ?? "").replace(/(\r?\n)+$/, "");
  if (block.keys) {
    pane.session.type(encoder.encode((block.command ?? "").replaceAll("^ESC", "\x1b").replaceAll("^C", "\x03")));
  } else {
    pane.keyboard.paster.put(command);
    if (block.enter !== false) {
      pane.session.type(encoder.encode("\r"));
    }
  }
  pane.view.terminal.scrollToBottom();
  place.show(terminal);
  return { kind: "typed", terminal, text: block.keys ? "" : command };
}

export function interrupt({ pane }: PlaceTerminal): void {
  pane.session.type(encoder.encode("\x03"));
}

/** A shell that was just opened has no prompt yet; what is typed before it is shown twice. */
async function ready({ pane }: PlaceTerminal): Promise<void> {
  const { terminal } = pane.view;
  const { log } = pane.commands;
  await until(() => log.isReady ? log.hasPrompt || !log.isReported : terminal.buffer.active.cursorX > 0 || terminal.buffer.active.cursorY > 0 || log.isBusy);
}

async function until(isSo: () => boolean): Promise<boolean> {
  const from = performance.now();
  while (!isSo()) {
    if (performance.now() - from > patience) {
      return false;
    }
    await new Promise(resolve => setTimeout(resolve, 30));
  }
  return true;
}
