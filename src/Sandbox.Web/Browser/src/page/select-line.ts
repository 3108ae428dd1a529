/** Selects a line of a text, from 1 on, so that it can be seen and typed over. */
export function selectLine(text: HTMLTextAreaElement, line: number): void {
  const lines = text.value.split("\n");
  const from = lines.slice(0, line - 1).reduce((sum, each) => sum + each.length + 1, 0);
  text.setSelectionRange(from, from + (lines[line - 1]?.length ?? 0));
  text.scrollTop = Math.max(0, text.scrollHeight * (line - 3) / lines.length);
  text.focus({ preventScroll: true });
}
