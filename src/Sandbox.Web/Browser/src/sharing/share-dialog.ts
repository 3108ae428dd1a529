import { api, Problem } from "../page/api";
import { writeClipboard } from "../page/clipboard";
import { timeLeft } from "../page/countdown";
import { make } from "../page/dom";
import { showModal } from "../page/keys-home";
import { hubWords } from "../terminals/session/hub-error";
import { type Audience, type SizePolicy } from "./audience";

interface Share {
  id: string;
  access: "watch" | "type";
  createdAt: string;
  expiresAt: string | null;
  viewers: number;
}

interface NewShare {
  id: string;
  url: string;
  access: "watch" | "type";
  expiresAt: string | null;
}

/** The dialog in which an owner shares a terminal: makes links, sees who follows them, takes them back. */
export class ShareDialog {
  readonly #dialog = document.createElement("dialog");
  readonly #title = make("h2", "", "Share this terminal");
  readonly #links = make("ul", "share-links");
  readonly #none = make("p", "share-none", "No links yet. Only you can see this terminal.");
  readonly #made = make("div", "share-made");
  readonly #error = make("p", "share-error");
  readonly #form = document.createElement("form");
  readonly #warning = make("p", "share-warning", "Anyone who can type has full control of this sandbox: its files, its programs and its network.");
  #terminal = "";
  #audience: Audience | null = null;
  #timer = 0;
  /** What looking at the links said last, which it takes back itself. */
  #trouble = "";

  constructor() {
    const dialog = this.#dialog;
    dialog.className = "share-dialog";
    dialog.setAttribute("aria-labelledby", "share-title");
    this.#title.id = "share-title";
    this.#error.setAttribute("role", "alert");
    this.#made.setAttribute("role", "status");
    const close = button("×", "icon-button", () => dialog.close());
    close.setAttribute("aria-label", "Close");
    const head = make("header", "");
    head.append(this.#title, close);
    const state = button("Share this state", "share-kind", () => {
      dialog.close();
      this.onState();
    });
    const here = make("span", "share-kind", "Share this terminal");
    here.setAttribute("aria-current", "true");
    dialog.append(
      head,
      make("div", "share-kinds", here, state),
      make("p", "", "A link gives access to this terminal and its earlier output, and to nothing else in the playground."),
      this.#fill(), this.#error, this.#made, make("h3", "", "Links"), this.#none, this.#links, this.#sizes());
    dialog.addEventListener("close", () => {
      window.clearInterval(this.#timer);
      this.#made.replaceChildren();
      this.onClose();
    });
    dialog.addEventListener("click", event => {
      // A click beside the dialog lands on the dialog itself.
      if (event.target === dialog) {
        dialog.close();
      }
    });
    document.body.append(dialog);
  }

  onClose: () => void = () => undefined;
  /** The visitor wants a link of the whole playground instead. */
  onState: () => void = () => undefined;

  open(terminal: string, name: string, audience: Audience): void {
    if (this.#dialog.open) {
      return;
    }
    this.#terminal = terminal;
    this.#audience = audience;
    this.#title.textContent = `Share ${name}`;
    this.#error.textContent = this.#trouble = "";
    this.#made.replaceChildren();
    this.#links.replaceChildren();
    this.#none.hidden = true;
    this.#showPolicy();
    showModal(this.#dialog);
    void this.#refresh();
    this.#timer = window.setInterval(() => void this.#refresh(), 2000);
  }

  #fill(): HTMLElement {
    const form = this.#form;
    form.className = "share-form";
    const access = document.createElement("fieldset");
    access.append(make("legend", "", "People with the link can"), radio("access", "watch", "watch", true), radio("access", "type", "watch and type", false));
    this.#warning.hidden = true;
    const label = make("label", "", "Expires after");
    label.setAttribute("for", "share-minutes");
    const minutes = document.createElement("select");
    minutes.id = "share-minutes";
    minutes.name = "minutes";
    for (const [value, text] of [["15", "15 minutes"], ["60", "1 hour"], ["480", "8 hours"], ["", "as long as the terminal"]] as const) {
      minutes.append(new Option(text, value, value === "60", value === "60"));
    }
    const create = document.createElement("button");
    create.className = "button primary";
    create.textContent = "Create link";
    const row = make("div", "share-row");
    row.append(label, minutes, create);
    form.append(access, this.#warning, row);
    form.addEventListener("change", () => {
      this.#warning.hidden = new FormData(form).get("access") !== "type";
    });
    form.addEventListener("submit", event => {
      event.preventDefault();
      void this.#create(create);
    });
    return form;
  }

  async #create(create: HTMLButtonElement): Promise<void> {
    const terminal = this.#terminal;
    const data = new FormData(this.#form);
    const minutes = Number(data.get("minutes"));
    create.disabled = true;
    this.#error.textContent = this.#trouble = "";
    try {
      const made = await api<NewShare>("POST", `/api/v1/terminals/${terminal}/shares`, { access: data.get("access"), ...minutes > 0 ? { minutes } : {} });
      if (terminal === this.#terminal) {
        this.#show(made);
        await this.#refresh();
      }
    } catch (error) {
      this.#error.textContent = (error as Problem).message;
    } finally {
      create.disabled = false;
    }
  }

  /** The address is shown once. */
  #show(made: NewShare): void {
    const label = make("label", "", made.access === "type" ? "Link that can type. Copy it now, it is not shown again:" : "Link that can watch. Copy it now, it is not shown again:");
    label.setAttribute("for", "share-url");
    const input = document.createElement("input");
    input.id = "share-url";
    input.readOnly = true;
    input.value = made.url;
    input.addEventListener("focus", () => input.select());
    const copy = button("Copy link", "button primary", () => {
      void writeClipboard(made.url).then(done => {
        copy.textContent = done ? "Copied" : "Press Ctrl+C";
        if (!done) {
          input.focus();
          input.select();
        }
      });
    });
    const row = make("div", "share-row");
    row.append(input, copy);
    this.#made.replaceChildren(label, row);
    copy.focus();
  }

  async #refresh(): Promise<void> {
    const terminal = this.#terminal;
    try {
      const links = await api<Share[]>("GET", `/api/v1/terminals/${terminal}/shares`);
      if (terminal === this.#terminal) {
        this.#list(links);
        this.#tell("");
      }
    } catch (error) {
      const problem = error as Problem;
      this.#tell(problem.code === "not_found" ? "This terminal no longer exists." : problem.message);
    }
  }

  /** Announced once; the error of a button stays. */
  #tell(trouble: string): void {
    if (trouble !== this.#trouble && (trouble !== "" || this.#error.textContent === this.#trouble)) {
      this.#error.textContent = trouble;
    }
    this.#trouble = trouble;
  }

  #list(links: Share[]): void {
    this.#none.hidden = links.length > 0;
    const known = new Map([...this.#links.children].map(item => [(item as HTMLElement).dataset["id"], item as HTMLElement]));
    const items = links.map(share => {
      const item = known.get(share.id) ?? this.#item(share);
      const left = share.expiresAt === null ? "as long as the terminal" : `${timeLeft(Date.parse(share.expiresAt), Date.now())} left`;
      item.querySelector(".share-state")!.textContent = `${share.viewers === 1 ? "1 viewer" : `${share.viewers} viewers`}, ${left}`;
      known.delete(share.id);
      return item;
    });
    known.forEach(item => item.remove());
    // Only new links are inserted: moving the others would take the focus from their buttons.
    items.forEach((item, index) => {
      if (this.#links.children[index] !== item) {
        this.#links.insertBefore(item, this.#links.children[index] ?? null);
      }
    });
  }

  #item(share: Share): HTMLElement {
    const item = make("li", "");
    item.dataset["id"] = share.id;
    const name = share.access === "type" ? "Can type" : "Can watch";
    const words = make("div", "");
    words.append(make("strong", "", name), make("span", "share-state"));
    const revoke = button("Revoke", "button small danger", () => {
      revoke.disabled = true;
      api("DELETE", `/api/v1/terminals/${this.#terminal}/shares/${share.id}`).then(
        () => {
          this.#dialog.querySelector<HTMLElement>("[name=access]:checked")?.focus();
          return this.#refresh();
        },
        (error: unknown) => {
          revoke.disabled = false;
          this.#error.textContent = (error as Problem).message;
        });
    });
    revoke.setAttribute("aria-label", `Revoke the link, ${name.toLowerCase()}, of ${new Date(share.createdAt).toLocaleTimeString([], { timeStyle: "short" })}`);
    item.append(words, revoke);
    return item;
  }

  #sizes(): HTMLElement {
    const form = document.createElement("form");
    form.className = "share-sizes";
    const field = document.createElement("fieldset");
    field.append(make("legend", "", "Size of the terminal"), radio("policy", "owner", "my window; others see it scaled", true), radio("policy", "smallest", "the smallest window; everyone sees all of it", false));
    form.append(field);
    form.addEventListener("change", () => {
      const policy = new FormData(form).get("policy") as SizePolicy;
      this.#audience?.decide(policy).catch((error: unknown) => {
        this.#error.textContent = hubWords(error);
        this.#showPolicy();
      });
    });
    return form;
  }

  #showPolicy(): void {
    const shown = this.#dialog.querySelector<HTMLInputElement>(`[name=policy][value=${this.#audience?.now?.policy ?? "owner"}]`);
    if (shown) {
      shown.checked = true;
    }
  }
}

function button(text: string, className: string, run: () => void): HTMLButtonElement {
  const element = make("button", className, text);
  element.type = "button";
  element.addEventListener("click", run);
  return element;
}

function radio(name: string, value: string, text: string, checked: boolean): HTMLElement {
  const label = make("label", "share-choice");
  const input = document.createElement("input");
  input.type = "radio";
  input.name = name;
  input.value = value;
  input.defaultChecked = input.checked = checked;
  label.append(input, make("span", "", text));
  return label;
}
