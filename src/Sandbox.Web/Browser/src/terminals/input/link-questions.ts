import { toast } from "../../page/toast";
import { saysSo, type Target, targetOf } from "./links";
import type { Questions } from "./questions";

/** Opens a link that was clicked in a terminal, after a question that shows its address. Ctrl+click opens it at once if its text is the address. */
export function openLink(link: string, words: string, event: MouseEvent, questions: Questions): void {
  const target = targetOf(link);
  if (!target) {
    toast("Only links to web pages and e-mail addresses can be opened", "error");
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
