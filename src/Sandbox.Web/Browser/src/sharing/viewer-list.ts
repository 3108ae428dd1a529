import { type Audience, following } from "./audience";

/** A chip that says how many follow, and opens a list of who. Names are others' words: they are only ever text. */
export class ViewerList {
  readonly chip = document.createElement("button");
  readonly #menu = document.createElement("div");
  readonly #list = document.createElement("ul");
  #audience: Audience | null = null;

  /** @param ownName whether a viewer may say how they are called. */
  constructor(host: HTMLElement, private readonly everybody: boolean, ownName: boolean) {
    this.chip.type = "button";
    this.chip.className = "viewers-chip";
    this.chip.hidden = true;
    this.#menu.className = "menu viewers-menu";
    this.#menu.id = "viewers-menu";
    this.#menu.popover = "auto";
    this.chip.setAttribute("popovertarget", this.#menu.id);
    const title = document.createElement("h2");
    title.textContent = "Viewers";
    this.#menu.append(title, this.#list);
    if (ownName) {
      this.#menu.append(this.#form());
    }
    host.append(this.chip, this.#menu);
  }

  show(audience: Audience | null): void {
    this.#audience = audience;
    const viewers = audience?.now?.viewers ?? [];
    const guests = audience?.guests ?? [];
    this.chip.hidden = this.everybody ? viewers.length === 0 : guests.length === 0;
    this.chip.textContent = this.everybody ? `${viewers.length} here` : following(guests);
    this.#list.replaceChildren(...viewers.map(viewer => {
      const item = document.createElement("li");
      const name = document.createElement("bdi");
      name.textContent = viewer.name;
      const may = document.createElement("span");
      may.textContent = `${{ own: "owner", type: "can type", watch: "watching" }[viewer.access]}${viewer.you ? ", you" : ""}`;
      item.append(name, may);
      return item;
    }));
  }

  #form(): HTMLElement {
    const form = document.createElement("form");
    const label = document.createElement("label");
    label.textContent = "Your name";
    label.htmlFor = "viewer-name";
    const input = document.createElement("input");
    input.id = "viewer-name";
    input.maxLength = 32;
    input.setAttribute("autocomplete", "nickname");
    input.value = savedName();
    const save = document.createElement("button");
    save.className = "button small";
    save.textContent = "Save";
    form.append(label, input, save);
    form.addEventListener("submit", event => {
      event.preventDefault();
      const name = input.value.trim();
      if (name) {
        saveName(name);
        void this.#audience?.introduce(name).catch(() => undefined);
        this.#menu.hidePopover();
      }
    });
    return form;
  }
}

export function savedName(): string {
  try {
    return localStorage.getItem("viewer-name") ?? "";
  } catch {
    return "";
  }
}

function saveName(name: string): void {
  try {
    localStorage.setItem("viewer-name", name);
  } catch {
    // Without storage it lasts as long as the page.
  }
}
