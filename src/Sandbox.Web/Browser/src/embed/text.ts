/** Text of a page that is shown as a terminal's output: without escape sequences, and never as HTML. */
export function plainOutput(text: string): string {
  return text
    .replace(/\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[ -/]*[0-~])/g, "")
    .replace(/\r\n?/g, "\n")
    .replace(/[\x00-\x08\x0b-\x1f\x7f]/g, "");
}

/** The text that an author wrote between tags: without the line breaks and the indentation that belong to the HTML. */
export function authored(text: string): string {
  const lines = text.replace(/\r\n?/g, "\n").replace(/^\s*\n/, "").replace(/\s+$/, "").split("\n");
  const indents = lines.filter(line => line.trim() !== "").map(line => /^[ \t]*/.exec(line)![0].length);
  const common = indents.length === 0 ? 0 : Math.min(...indents);
  return lines.map(line => line.slice(common)).join("\n");
}
