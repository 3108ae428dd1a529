import { api, type Problem } from "../page/api";
import { make, textButton } from "../page/dom";
import { showModal } from "../page/keys-home";
import { ChangesView } from "./changes-view";
import { choice, field, textInput } from "./fields";
import { aliasPattern, type OwnedLink, type SandboxChanges } from "./links-api";
import { madeLink } from "./made-link";
import { ShownCommands } from "./shown-commands";

/** The dialog that makes a link of a playground's present state: shows what would be in it, and leaves out what is ticked. */
export class StateDialog {
  readonly #dialog = make("dialog", "share-dialog state-dialog");
  readonly #body = make("div", "state-body");
  readonly #status = make("p", "state-status");
  readonly #error = make("p", "share-error");
  #work = new AbortController();

  constructor() {
    const dialog = this.#dialog;
    const title = make("h2", "", "Share this state");
    title.id = "state-title";
    dialog.setAttribute("aria-labelledby", title.id);
    this.#status.setAttribute("role", "status");
    this.#error.setAttribute("role", "alert");
    const close = make("button", "icon-button", "×");
    close.type = "button";
    close.setAttribute("aria-label", "Close");
    close.addEventListener("click", () => dialog.close());
    dialog.append(
      make("header", "", title, close),
      make("p", "", "A link that starts a copy of this playground as it is now. Yours keeps running, and later changes are not in the link. The files of volumes are not in it either: a copy starts with empty ones."),
      this.#status, this.#body, this.#error);
    dialog.addEventListener("close", () => {
      this.#work.abort();
      this.#body.replaceChildren();
      this.onClose();
    });
    document.body.append(dialog);
  }

  onClose: () => void = () => undefined;

  /** @param commands the commands of the terminals, oldest first */
  open(playground: string, title: string, commands: readonly string[]): void {
    if (this.#dialog.open) {
      return;
    }
    this.#body.replaceChildren();
    this.#error.textContent = "";
    showModal(this.#dialog);
    void this.#load(playground, title, commands);
  }

  async #load(playground: string, title: string, commands: readonly string[]): Promise<void> {
    const work = this.#begin("Looking through the files that changed, and for secrets in them …");
    try {
      const sandboxes = await api<SandboxChanges[]>("GET", `/api/v1/playgrounds/${playground}/changes`, undefined, {}, work.signal);
      this.#end(work);
      this.#body.replaceChildren(this.#form(playground, title, sandboxes, commands));
      this.#body.querySelector<HTMLInputElement>("#state-name-title")?.focus({ preventScroll: true });
    } catch (error) {
      this.#failed(work, error as Problem);
      this.#body.replaceChildren(make("div", "dialog-actions", textButton("Try again", () => {
        this.#error.textContent = "";
        this.#body.replaceChildren();
        void this.#load(playground, title, commands);
      })));
    }
  }

  #form(playground: string, title: string, sandboxes: SandboxChanges[], commands: readonly string[]): HTMLFormElement {
    const name = textInput("name", "", 64);
    name.pattern = aliasPattern;
    name.title = "3 to 64 lower-case letters, digits and dashes, a letter or digit at both ends";
    name.spellcheck = false;
    const called = textInput("title", title, 120);
    called.required = true;
    const create = make("button", "button primary", "Create link");
    const cancel = textButton("Cancel", () => this.#dialog.close());
    cancel.classList.remove("small");
    const shown = new ShownCommands(commands, name);
    const form = make("form", "state-form",
      new ChangesView(sandboxes).element,
      field(called, "state-name-title", "Title"),
      field(name, "state-name", "Name (optional)", "A readable address, /x/name, which you can move to another link later."),
      shown.element,
      make("fieldset", "", make("legend", "", "Who can start it"), choice("access", "anyone", "anyone who has the link", true), choice("access", "private", "only me", false)),
      make("div", "dialog-actions", cancel, create));
    form.addEventListener("submit", event => {
      event.preventDefault();
      void this.#create(playground, form, shown.markdown);
    });
    return form;
  }

  async #create(playground: string, form: HTMLFormElement, text: string | undefined): Promise<void> {
    const data = new FormData(form);
    const order = {
      title: data.get("title"),
      access: data.get("access"),
      ...data.get("name") ? { name: data.get("name") } : {},
      ...text === undefined ? {} : { text },
      excludePaths: data.getAll("path"),
      excludeVariables: data.getAll("variable"),
    };
    this.#error.textContent = "";
    form.inert = true;
    form.hidden = true;
    const work = this.#begin("Saving the changed files. The playground is paused until that is done …");
    const cancel = textButton("Cancel", () => work.abort());
    this.#body.append(cancel);
    cancel.focus();
    try {
      const link = await api<OwnedLink>("POST", `/api/v1/playgrounds/${playground}/links`, order, {}, work.signal);
      this.#end(work);
      const alias = link.own?.aliases.find(({ name }) => name === order.name);
      const isPublic = link.own?.access === "anyone";
      const mine = make("a", "", "My links");
      mine.href = "/links";
      this.#body.replaceChildren(
        make("p", "state-made", isPublic ? "The link is ready. Anyone with the link can start a copy." : "The link is ready."),
        madeLink(alias?.url ?? link.url, link.title, isPublic),
        make("p", "", "Limits, statistics and its page’s text: ", mine, "."));
      this.#body.querySelector<HTMLButtonElement>(".made-row button")?.focus();
    } catch (error) {
      cancel.remove();
      form.inert = form.hidden = false;
      this.#failed(work, error as Problem);
      form.querySelector<HTMLElement>(".button.primary")?.focus();
    }
  }

  #begin(words: string): AbortController {
    this.#work = new AbortController();
    this.#status.replaceChildren(make("span", "spinner"), make("span", "", words));
    return this.#work;
  }

  #end(work: AbortController): void {
    if (work === this.#work) {
      this.#status.replaceChildren();
    }
  }

  #failed(work: AbortController, problem: Problem): void {
    this.#end(work);
    this.#error.textContent = problem.code === "cancelled" ? "Cancelled. No link was made." : problem.message;
  }
}
