import { Problem } from "../page/api";
import { showModal } from "../page/keys-home";
import { type Entry, list } from "./files-api";
import { join, type Path, shown } from "./path";
import type { Picked } from "./picked";

export type Choice = "replace" | "skip" | "both";

const encoder = new TextEncoder();

/** Which of the files are there already: their index, and the names in their directory. */
export async function findExisting(sandbox: string, destination: Path, picked: Picked): Promise<Map<number, Set<string>>> {
  const listings = new Map<string, Promise<Set<string> | null>>();
  const namesIn = (directory: readonly string[]): Promise<Set<string> | null> => {
    const key = directory.join("/");
    let listing = listings.get(key);
    if (!listing) {
      // A directory is looked into only when the one around it has it.
      listing = directory.length > 0
        ? namesIn(directory.slice(0, -1)).then(around => around?.has(textKey(directory.at(-1)!)) ? read(sandbox, join(destination, ...directory)) : null)
        : read(sandbox, destination);
      listings.set(key, listing);
    }
    return listing;
  };
  const found = new Map<number, Set<string>>();
  for (const [index, { names }] of picked.files.entries()) {
    const there = await namesIn(names.slice(0, -1));
    if (there?.has(textKey(names.at(-1)!))) {
      found.set(index, there);
    }
  }
  return found;
}

/** Leaves out or renames what is there already, as was chosen. */
export function resolveExisting(picked: Picked, existing: Map<number, Set<string>>, choice: Choice): Picked {
  if (choice === "replace") {
    return picked;
  }
  const files = picked.files.flatMap((each, index) => {
    const taken = existing.get(index);
    if (!taken) {
      return [each];
    }
    if (choice === "skip") {
      return [];
    }
    const name = freeName(each.names.at(-1)!, taken);
    taken.add(textKey(name));
    return [{ ...each, names: [...each.names.slice(0, -1), name] }];
  });
  return { ...picked, files };
}

/** `photo (2).jpg`, or the next number that is free. */
export function freeName(name: string, taken: Set<string>): string {
  const dot = name.lastIndexOf(".");
  const [stem, ending] = dot > 0 ? [name.slice(0, dot), name.slice(dot)] : [name, ""];
  for (let number = 2; ; number++) {
    const other = `${stem} (${number})${ending}`;
    if (!taken.has(textKey(other))) {
      return other;
    }
  }
}

/** Asks once for all of them. Null when nothing is to be sent. */
export function askExisting(destination: Path, names: string[]): Promise<Choice | null> {
  const dialog = document.createElement("dialog");
  dialog.className = "files-existing";
  dialog.setAttribute("aria-labelledby", "files-existing-title");
  const form = document.createElement("form");
  form.method = "dialog";
  const title = document.createElement("h2");
  title.id = "files-existing-title";
  title.textContent = names.length === 1 ? "This file already exists" : `${names.length.toLocaleString()} of these files already exist`;
  const text = document.createElement("p");
  text.textContent = `In ${shown(destination)}:`;
  const items = document.createElement("ul");
  for (const name of names.slice(0, 5)) {
    items.append(Object.assign(document.createElement("li"), { textContent: name }));
  }
  if (names.length > 5) {
    items.append(Object.assign(document.createElement("li"), { textContent: `and ${(names.length - 5).toLocaleString()} more` }));
  }
  const actions = document.createElement("div");
  actions.className = "dialog-actions";
  for (const [value, label, kind] of [["", "Cancel", ""], ["skip", "Skip", ""], ["both", "Keep both", ""], ["replace", "Replace", " danger"]] as const) {
    const button = document.createElement("button");
    button.className = `button${kind}`;
    button.value = value;
    button.textContent = label;
    button.autofocus = value === "both";
    actions.append(button);
  }
  form.append(title, text, items, actions);
  dialog.append(form);
  document.body.append(dialog);
  showModal(dialog);
  return new Promise(resolve => dialog.addEventListener("close", () => {
    dialog.remove();
    resolve((dialog.returnValue || null) as Choice | null);
  }));
}

async function read(sandbox: string, directory: Path): Promise<Set<string> | null> {
  try {
    return new Set((await list(sandbox, directory)).map(keyOf));
  } catch (error) {
    if (error instanceof Problem && error.status === 404) {
      return null; // it will be made
    }
    throw error;
  }
}

function keyOf(entry: Entry): string {
  return String.fromCharCode(...entry.name);
}

function textKey(name: string): string {
  return String.fromCharCode(...encoder.encode(name));
}
