import { confirmed } from "../page/confirm";
import { plain } from "../terminals/view/osc";
import type { TerminalTab } from "./terminal-tab";

/** Whether a terminal may be closed: asks the visitor if a command runs in it. */
export async function mayClose(tab: TerminalTab): Promise<boolean> {
  const line = tab.pane.session.isOver ? null : tab.pane.commands.log.runs;
  return line === null || confirmed({
    title: `Close ${tab.name}?`,
    text: line === "" ? "A program is running in this terminal. Closing the terminal ends it." : `This command is running and will end: ${brief(line)}`,
    no: "Keep it open",
    yes: "Close it",
  });
}

/** A line, shortened for a question. */
function brief(line: string): string {
  const text = plain(line).trim();
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}
