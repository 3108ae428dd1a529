/** The server that this script came from, whatever page it is in. */
export const server = new URL(import.meta.url).origin;

/** A height as CSS takes it: a number is pixels. Null for anything else, so that an attribute never becomes a style of its own. */
export function heightOf(text: string | null): string | null {
  const match = /^\s*(\d{1,4}(?:\.\d{1,3})?)\s*(px|rem|em|vh|dvh|svh)?\s*$/.exec(text ?? "");
  return match ? `${match[1]}${match[2] ?? "px"}` : null;
}

export function themeOf(text: string | null): "light" | "dark" | null {
  return text === "light" || text === "dark" ? text : null;
}

/** The address of a frame. Values are encoded here and nowhere else: an attribute cannot leave its parameter. */
export function frameAddress(kind: "terminal" | "run", values: Record<string, string | null>): string {
  const url = new URL(`/embed/${kind}`, server);
  for (const [name, value] of Object.entries(values)) {
    if (value) {
      url.searchParams.set(name, value);
    }
  }
  return url.href;
}
