import { sizeText } from "../files/sizes";
import { visibleName } from "../files/visible-name";
import { make } from "../page/dom";
import { tick } from "./fields";
import type { SandboxChanges } from "./links-api";

/** The contents of a link to be made, with a tick for each part that can be left out. */
export class ChangesView {
  readonly element = make("div", "changes");

  constructor(sandboxes: readonly SandboxChanges[]) {
    const secrets = new Map(sandboxes.flatMap(({ secrets: found }) => found).map(secret => [secret.path, secret]));
    if (secrets.size > 0) {
      const field = make("fieldset", "changes-secrets", make("legend", "", secrets.size === 1 ? "This looks like a secret" : `These ${secrets.size} files look like secrets`));
      field.append(make("p", "", "The link leaves out ticked files and variables."));
      for (const { path, line, rule } of secrets.values()) {
        field.append(tick("path", path, [make("code", "", shown(path)), make("span", "hint", ` ${rule.replaceAll("-", " ")}${line ? `, line ${line}` : ""}`)], true));
      }
      this.element.append(field);
    }
    for (const sandbox of sandboxes) {
      this.element.append(...files(sandbox, sandboxes.length > 1));
    }
    const variables = new Map(sandboxes.flatMap(({ env }) => Object.entries(env)));
    if (variables.size > 0) {
      const field = make("fieldset", "", make("legend", "", "Variables"), make("p", "hint", "Tick what to leave out."));
      for (const [name, value] of variables) {
        field.append(tick("variable", name, [make("code", "", `${name}=${value}`)], false));
      }
      this.element.append(field);
    }
    const ports = sandboxes.flatMap(sandbox => sandbox.ports);
    if (ports.length > 0) {
      this.element.append(make("p", "", `Ports: ${ports.map(({ port, name }) => name ? `${port} (${name})` : String(port)).join(", ")}`));
    }
  }
}

function files({ name, added, changed, deleted, bytes, changes, skipped, searchComplete }: SandboxChanges, isOneOfSome: boolean): HTMLElement[] {
  const total = added + changed + deleted;
  const counts = [[added, "added"], [changed, "changed"], [deleted, "deleted"]].filter(([count]) => count !== 0).map(([count, word]) => `${count!.toLocaleString()} ${word}`);
  const parts: HTMLElement[] = [make("p", "changes-sum", `${isOneOfSome ? `${name}: ` : ""}${total === 0 ? "No files changed: the link starts the image as it is." : `Files: ${counts.join(", ")}. ${sizeText(bytes)} in all.`}`)];
  if (total > 0) {
    const list = make("ul", "changes-list", ...changes.map(({ path, kind, size }) =>
      make("li", kind, make("code", "", shown(path)), make("span", "hint", kind === "deleted" ? "deleted" : size > 0 ? `${kind}, ${sizeText(size)}` : kind))));
    if (total > changes.length) {
      list.append(make("li", "hint", `and ${(total - changes.length).toLocaleString()} more`));
    }
    list.tabIndex = 0;
    list.setAttribute("aria-label", "Changed files");
    parts.push(make("details", "", make("summary", "", "Show the files"), list));
  }
  if (skipped.length > 0) {
    parts.push(make("details", "", make("summary", "", skipped.length === 1 ? "1 file cannot be in a link" : `${skipped.length} files cannot be in a link`),
      make("ul", "changes-list", ...skipped.map(({ path, reason }) => make("li", "", make("code", "", shown(path)), make("span", "hint", reason))))));
  }
  if (!searchComplete) {
    parts.push(make("p", "share-warning", "There was too much to search all of it for secrets. Look through the files before you share them."));
  }
  return parts;
}

function shown(path: string): string {
  return visibleName(new TextEncoder().encode(path)).map(({ text }) => text).join("");
}
