import { toast } from "../../page/toast";
import type { TerminalView } from "./terminal-view";

/** Opens the text of a terminal in a dialog to select from, at a line of its buffer or at the visible lines. */
export async function selectText(view: TerminalView, line = view.terminal.buffer.active.viewportY + view.terminal.rows - 1, closed: () => void = () => undefined): Promise<void> {
  try {
    const { showText } = await import("./text-dialog");
    showText(view.terminal, line, closed);
  } catch {
    toast("The text cannot be shown: the server cannot be reached. Check your connection.", "error");
  }
}
