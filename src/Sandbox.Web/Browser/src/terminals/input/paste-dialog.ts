import { showModal } from "../../page/keys-home";
import { preferences } from "../view/preferences";
import { lineCount, preview } from "./paste";

/** Asks before a shell reads several lines, which runs each at once. */
export function askLines(text: string): Promise<boolean> {
  const lines = lineCount(text);
  const sample = document.createElement("pre");
  sample.className = "paste-sample";
  sample.tabIndex = 0;
  sample.setAttribute("role", "group");
  sample.setAttribute("aria-label", "Text to be pasted");
  sample.textContent = preview(text);
  const never = document.createElement("input");
  never.type = "checkbox";
  const label = document.createElement("label");
  label.className = "paste-never";
  label.append(never, "Do not ask again in this browser");
  return ask({ title: `Paste ${lines.toLocaleString("en")} lines?`, text: "The program runs each line as if you pressed Enter after it.", body: [sample, label], yes: "Paste" }).then(yes => {
    if (yes && never.checked) {
      preferences.change({ askPaste: false });
    }
    return yes;
  });
}

/** Asks for a text where the clipboard cannot be read; null for none. */
export async function askText(): Promise<string | null> {
  const area = document.createElement("textarea");
  area.className = "paste-text";
  area.rows = 5;
  area.autofocus = true;
  area.spellcheck = false;
  area.autocapitalize = "off";
  area.setAttribute("aria-label", "Text to paste");
  const yes = await ask({ title: "Paste here", text: "The browser does not let this page read the clipboard. Paste into this box to send it to the terminal.", body: [area], yes: "Send to the terminal" });
  return yes ? area.value : null;
}

function ask({ title, text, body, yes }: { title: string; text: string; body: HTMLElement[]; yes: string }): Promise<boolean> {
  return new Promise(resolve => {
    const dialog = document.createElement("dialog");
    dialog.className = "paste-dialog";
    dialog.setAttribute("aria-labelledby", "paste-title");
    const form = document.createElement("form");
    form.method = "dialog";
    const heading = document.createElement("h2");
    heading.id = "paste-title";
    heading.textContent = title;
    const words = document.createElement("p");
    words.textContent = text;
    const actions = document.createElement("div");
    actions.className = "dialog-actions";
    const cancel = button("Cancel", "", "");
    cancel.autofocus = !body.some(each => each.autofocus);
    actions.append(cancel, button(yes, "yes", "primary"));
    form.append(heading, words, ...body, actions);
    dialog.append(form);
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    });
    document.body.append(dialog);
    showModal(dialog);
  });
}

function button(label: string, value: string, className: string): HTMLButtonElement {
  const element = document.createElement("button");
  element.className = `button ${className}`;
  element.value = value;
  element.textContent = label;
  return element;
}
