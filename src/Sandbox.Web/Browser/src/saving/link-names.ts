import { api, authorization, Problem } from "../page/api";
import { openDialog } from "../page/dialog";
import { make, textButton } from "../page/dom";
import { field, textInput } from "./fields";
import { type Alias, aliasPattern, type OwnedLink } from "./links-api";

/** A link that a name can be moved to. */
export interface Target {
  readonly hash: string;
  readonly title: string;
}

const maxText = 20_000;

/** The names of a link: take one, write the text of its page, move it to another link, give it back. Resolves when the dialog closes. */
export function linkNames(link: OwnedLink, others: readonly Target[]): Promise<void> {
  const list = make("div", "link-names");
  const error = make("p", "share-error");
  error.setAttribute("role", "alert");
  const name = textInput("name", "", 64);
  name.pattern = aliasPattern;
  name.title = "3 to 64 lower-case letters, digits and dashes, a letter or digit at both ends";
  name.required = true;
  name.spellcheck = false;
  const add = make("form", "state-form", field(name, "names-new", "New name", "A readable address, /x/name. A name that leads to another link of yours is moved here."),
    make("div", "dialog-actions", make("button", "button", "Add the name")));
  const attempt = (action: () => Promise<void>): void => {
    error.textContent = "";
    action().catch((problem: unknown) => {
      error.textContent = (problem as Problem).message;
    });
  };
  const show = (alias: Alias): void => {
    const item = nameForm(alias, others, attempt);
    list.querySelector(`[data-name="${CSS.escape(alias.name)}"]`)?.remove();
    list.append(item);
  };
  link.own?.aliases.forEach(show);
  add.addEventListener("submit", event => {
    event.preventDefault();
    attempt(async () => {
      show(await api<Alias>("PUT", `/api/v1/aliases/${name.value}`, { hash: link.hash }));
      name.value = "";
    });
  });
  const dialog = openDialog(`Names of “${link.title}”`, list, error, add);
  return new Promise(resolve => dialog.addEventListener("close", () => resolve()));
}

function nameForm(alias: Alias, others: readonly Target[], attempt: (action: () => Promise<void>) => void): HTMLElement {
  const text = make("textarea", "");
  text.name = "text";
  text.rows = 4;
  text.maxLength = maxText;
  text.value = alias.text;
  const path = `/api/v1/aliases/${alias.name}`;
  const said = make("span", "hint");
  said.setAttribute("role", "status");
  const save = textButton("Save the text", () => attempt(async () => {
    await api("PUT", path, { hash: alias.hash, text: text.value });
    said.textContent = "Saved.";
  }), "primary");
  text.addEventListener("input", () => said.textContent = "");
  const open = make("a", "", make("code", "", `/x/${alias.name}`));
  open.href = `/x/${alias.name}`;
  const form = make("section", "link-name", make("h3", "", open), coverField(alias, attempt), field(text, `text-${alias.name}`, "Text of its page, as Markdown"));
  form.dataset["name"] = alias.name;
  const actions = make("div", "share-row link-name-actions", save, said);
  if (others.length > 0) {
    const target = make("select", "", new Option("Move to …", ""), ...others.map(({ hash, title }) => new Option(`${title} (${hash.slice(0, 8)})`, hash)));
    target.setAttribute("aria-label", `Move ${alias.name} to another link`);
    target.addEventListener("change", () => attempt(async () => {
      await api("PUT", path, { hash: target.value });
      form.replaceChildren(make("p", "", `${alias.name} leads to “${target.selectedOptions[0]!.text}” now.`));
    }));
    actions.append(target);
  }
  const remove = textButton("Give it back", () => attempt(async () => {
    await api("DELETE", path);
    form.replaceChildren(make("p", "", `${alias.name} is free. Anybody can take it now.`));
  }), "danger");
  remove.setAttribute("aria-label", `Give the name ${alias.name} back`);
  actions.append(remove);
  form.append(actions);
  return form;
}

/** The picture of an alias's page: shown, chosen and removed. */
function coverField(alias: Alias, attempt: (action: () => Promise<void>) => void): HTMLElement {
  const path = `/api/v1/aliases/${alias.name}/cover`;
  const shown = make("img", "link-name-cover");
  shown.alt = "";
  const choose = make("input", "");
  choose.type = "file";
  choose.accept = "image/png,image/jpeg,image/webp";
  const remove = textButton("Remove the picture", () => attempt(async () => {
    await api("DELETE", path);
    show(null);
  }));
  const show = (address: string | null): void => {
    shown.hidden = remove.hidden = address === null;
    if (address !== null) {
      // The public address may be another name of this server.
      const url = new URL(address);
      shown.src = url.pathname + url.search;
    }
  };
  choose.addEventListener("change", () => attempt(async () => {
    const [file] = choose.files ?? [];
    if (file) {
      show((await putFile<Alias>(path, file)).cover);
      choose.value = "";
    }
  }));
  show(alias.cover);
  return make("div", "link-name-picture", shown, field(choose, `cover-${alias.name}`, "Cover picture", "PNG, JPEG or WebP, at most 1 MiB. Previews of other sites show it, best at 1200 x 630."), remove);
}

async function putFile<T>(path: string, file: File): Promise<T> {
  const answer = await fetch(path, { method: "PUT", body: file, headers: { "content-type": file.type, ...authorization() }, credentials: "same-origin" });
  const json = await answer.json().catch(() => ({})) as T & { code?: string; detail?: string };
  if (!answer.ok) {
    throw new Problem(json.code ?? "internal", answer.status, json.detail ?? `The server answered ${answer.status}.`);
  }
  return json;
}
