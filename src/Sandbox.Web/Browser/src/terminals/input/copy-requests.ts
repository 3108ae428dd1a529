import { writeClipboard, writeUnasked } from "../../page/clipboard";
import { toast } from "../../page/toast";
import { copyOf, summary } from "../view/osc";
import type { TerminalView } from "../view/terminal-view";
import { CopyGate } from "./copy-gate";
import { lineCount } from "./paste";
import type { Questions } from "./questions";

/** Whether programs may write to the clipboard without a question, as the visitor decided. */
export interface CopyPermission {
  allowed(): boolean;
  allow(): void;
}

/** Handles OSC 52, by which a program copies text to the clipboard. Without a permission every request is ignored. */
export function followCopyRequests(view: TerminalView, questions: Questions, permission: CopyPermission | null): void {
  const request = permission && copier(questions, permission);
  view.terminal.parser.registerOscHandler(52, data => {
    // A request from a replay, or one that another page answers, is ignored.
    if (!view.isReplaying && view.answers) {
      request?.(data);
    }
    return true;
  });
}

function copier(questions: Questions, { allowed, allow }: CopyPermission): (data: string) => void {
  const gate = new CopyGate();
  return data => {
    const wish = copyOf(data);
    const decision = wish === null ? "drop" : gate.decide(Date.now(), allowed());
    if (wish === null || decision === "drop") {
      return;
    }
    if (wish === "too-long") {
      toast("A program tried to copy more than 100 KiB to your clipboard. This was blocked.", "error");
      return;
    }
    const { text } = wish;
    const put = async (): Promise<void> => {
      toast(await writeClipboard(text) ? "Copied to your clipboard" : "The browser blocked copying", "info");
    };
    const ask = (): void => {
      // A click meant for one text must not answer for another.
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
      // The browser may require a click; then the visitor is asked.
      void writeUnasked(text).then(done => done ? toast("A program copied to your clipboard") : ask());
    } else {
      ask();
    }
  };
}
