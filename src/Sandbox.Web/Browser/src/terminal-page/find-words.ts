/** So many places of a search are marked and counted. */
export const mostFound = 1000;

/** What is wrong with a regular expression; null for nothing. */
export function problemOf(pattern: string): string | null {
  try {
    new RegExp(pattern, "g");
    return null;
  } catch (error) {
    // As "Invalid regular expression: /(/g: Unterminated group".
    return (error as Error).message.split(": ").at(-1) ?? "Not a regular expression";
  }
}

/** How often a text was found, and which of these is shown. */
export function found(index: number, count: number): string {
  return count === 0 ? "Not found" : index < 0 ? countText(count) : `${index + 1} of ${countText(count)}`;
}

function countText(count: number): string {
  return count >= mostFound ? `${mostFound}+` : String(count);
}
