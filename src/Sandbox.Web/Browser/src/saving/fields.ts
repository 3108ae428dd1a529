import { make } from "../page/dom";

/** A box to tick, with its words beside it. */
export function tick(name: string, value: string, words: (string | Node)[], checked: boolean): HTMLElement {
  const input = make("input", "");
  input.type = "checkbox";
  input.name = name;
  input.value = value;
  input.checked = checked;
  return make("label", "share-choice", input, make("span", "", ...words));
}

/** One of several choices. */
export function choice(name: string, value: string, words: string, checked: boolean): HTMLElement {
  const input = make("input", "");
  input.type = "radio";
  input.name = name;
  input.value = value;
  input.checked = checked;
  return make("label", "share-choice", input, make("span", "", words));
}

/** A labelled field, with a sentence about it. */
export function field<T extends HTMLInputElement | HTMLTextAreaElement>(input: T, id: string, words: string, hint = ""): HTMLElement {
  input.id = id;
  const label = make("label", "", words);
  label.htmlFor = id;
  const row = make("div", "link-field", label, input);
  if (hint) {
    const note = make("span", "hint", hint);
    note.id = `${id}-hint`;
    input.setAttribute("aria-describedby", note.id);
    row.append(note);
  }
  return row;
}

export function textInput(name: string, value: string, most: number): HTMLInputElement {
  const input = make("input", "");
  input.name = name;
  input.value = value;
  input.maxLength = most;
  input.autocomplete = "off";
  return input;
}
