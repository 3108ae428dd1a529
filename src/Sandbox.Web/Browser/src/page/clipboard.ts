/** Puts text on the clipboard; false where the browser does not let it. */
export async function writeClipboard(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Over plain http there is no such thing; the old way works within a click.
    const area = document.createElement("textarea");
    const focus = document.activeElement;
    area.value = text;
    area.setAttribute("aria-hidden", "true");
    area.style.cssText = "position:fixed;opacity:0";
    // Nothing outside a modal dialog can be selected while it is open.
    ([...document.querySelectorAll("dialog:modal")].at(-1) ?? document.body).append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    (focus as HTMLElement | null)?.focus?.();
    return done;
  }
}

/** The same without the old way, for what no click asks for. */
export async function writeUnasked(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

/** What is on the clipboard; null where the browser or the visitor does not let it be read. */
export async function readClipboard(): Promise<string | null> {
  try {
    return await navigator.clipboard.readText();
  } catch {
    return null;
  }
}
