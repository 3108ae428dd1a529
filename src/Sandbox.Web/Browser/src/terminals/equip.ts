import { toast } from "../toast";
import { writeClipboard, writeUnasked } from "./clipboard";
import { CopyGate } from "./copy-gate";
import { saysSo, type Target, targetOf } from "./links";
import { copyOf, directoryOf, summary } from "./osc";
import { lineCount } from "./paste";
import { preferences } from "./preferences";
import { Questions } from "./questions";
import type { TerminalView } from "./terminal-view";
import { followTouch } from "./touch-scroll";

/** More flashes in a second can harm. https://www.w3.org/TR/WCAG22/#three-flashes-or-below-threshold */
const flash = 500;

/** What a page lets the programs of a terminal do beyond their screen. */
export interface Equipment {
  /** Where questions are asked. */
  readonly bars: HTMLElement;
  /** Whether programs may copy: always, after a question, or never, for whom the programs are not theirs. */
  readonly copies?: { allowed(): boolean; allow(): void };
  onDirectory?(path: string): void;
}

/** Gives a terminal its links, its bell, and its ways to and from the clipboard. */
export function equip(view: TerminalView, equipment: Equipment): void {
  const questions = new Questions(equipment.bars, () => view.focus());
  view.onQuestions = () => questions.focus();
  view.onLink = (link, words, event) => follow(link, words, event, questions);
  const copy = equipment.copies && copier(questions, equipment.copies);
  view.terminal.parser.registerOscHandler(52, data => {
    // What was asked long ago, or of another page, is nothing to ask here.
    if (!view.isReplaying && view.answers) {
      copy?.(data);
    }
    return true;
  });
  view.terminal.parser.registerOscHandler(7, data => {
    const path = directoryOf(data);
    if (path) {
      equipment.onDirectory?.(path);
    }
    return false;
  });
  ring(view);
  // Before the mouse: a long press is no right click.
  const touch = followTouch(view.element, view.terminal, line => void selectText(view, line));
  view.onDispose(() => touch.dispose());
  takeMouse(view);
}

/** Opens the text of a terminal for selecting, at a line of its buffer or at what is in view. */
export async function selectText(view: TerminalView, line = view.terminal.buffer.active.viewportY + view.terminal.rows - 1, closed: () => void = () => undefined): Promise<void> {
  try {
    const { showText } = await import("./text-dialog");
    showText(view.terminal, line, closed);
  } catch {
    toast("The text cannot be shown: the server cannot be reached. Check your connection.", "error");
  }
}

/** Gives back what deals with a program's wish to copy. */
function copier(questions: Questions, { allowed, allow }: NonNullable<Equipment["copies"]>): (data: string) => void {
  const gate = new CopyGate();
  return data => {
    const wish = copyOf(data);
    const decision = wish === null ? "drop" : gate.decide(Date.now(), allowed());
    if (wish === null || decision === "drop") {
      return;
    }
    if (wish === "too-long") {
      toast("A program wanted to copy more than 100 KiB to your clipboard. That is not done.", "error");
      return;
    }
    const { text } = wish;
    const put = async (): Promise<void> => {
      toast(await writeClipboard(text) ? "Copied to your clipboard" : "The browser does not let this page copy", "info");
    };
    const ask = (): void => {
      // A click that is meant for one text answers for no other.
      if (questions.isOpen("copy")) {
        return;
      }
      const letters = Array.from(text).length;
      const lines = lineCount(text);
      const size = letters === 1 ? "1 character" : `${letters.toLocaleString("en")} characters`;
      questions.ask({
        kind: "copy",
        text: `A program wants to copy ${lines === 1 ? size : `${lines.toLocaleString("en")} lines, ${size},`} to your clipboard:`,
        detail: summary(text),
        fromProgram: true,
        actions: [
          { label: "Allow once", run: () => void put() },
          { label: "Always in this playground", run: () => {
            allow();
            void put();
          } },
          { label: "Deny", run: () => gate.denied(Date.now()) },
        ],
      });
    };
    if (decision === "copy") {
      // A browser may want a click for it; then it is asked for.
      void writeUnasked(text).then(done => done ? toast("A program copied to your clipboard") : ask());
    } else {
      ask();
    }
  };
}

function follow(link: string, words: string, event: MouseEvent, questions: Questions): void {
  const target = targetOf(link);
  if (!target) {
    toast("This link leads to no web page and no letter, so it is not followed", "error");
    return;
  }
  const said = saysSo(words, target);
  if (said && (event.ctrlKey || event.metaKey)) {
    open(target);
    return;
  }
  questions.ask({
    kind: "link",
    text: said ? "Open this address?" : `This link leads to ${target.place}:`,
    detail: target.shown,
    fromProgram: false,
    actions: [{ label: "Open", href: target.href }, { label: "Cancel" }],
  });
}

function open({ href }: Target): void {
  const anchor = document.createElement("a");
  anchor.href = href;
  anchor.target = "_blank";
  anchor.rel = "noopener noreferrer";
  anchor.click();
}

function ring(view: TerminalView): void {
  let rang = -Infinity;
  view.terminal.onBell(() => {
    const now = performance.now();
    if (preferences.now.bell === "visual" && !view.isReplaying && now - rang >= flash) {
      rang = now;
      view.element.classList.add("rings");
      setTimeout(() => view.element.classList.remove("rings"), flash / 2);
    }
  });
}

/** Copying by selecting and pasting by a right click, for whoever chose them. */
function takeMouse(view: TerminalView): void {
  let selects = false;
  view.element.addEventListener("mousedown", event => {
    selects = event.button === 0;
  }, { capture: true });
  // A selection may end anywhere on the page; xterm hears of it too, and has to see it first.
  const release = (): void => {
    if (selects && preferences.now.copyOnSelect) {
      setTimeout(() => {
        if (view.terminal.hasSelection()) {
          void writeClipboard(view.terminal.getSelection());
        }
      });
    }
    selects = false;
  };
  document.addEventListener("mouseup", release);
  view.onDispose(() => document.removeEventListener("mouseup", release));
  view.element.addEventListener("contextmenu", event => {
    // With Shift there is the menu all the same; a program that takes the mouse has its own use for the button.
    if (preferences.now.rightClick === "paste" && !event.shiftKey && view.terminal.modes.mouseTrackingMode === "none") {
      event.preventDefault();
      event.stopPropagation();
      void view.paster.pasteClipboard();
    }
  }, { capture: true });
}
