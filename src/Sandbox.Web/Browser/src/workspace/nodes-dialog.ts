import { api, type CatalogImage, type Playground, type Problem } from "../page/api";
import { writeClipboard } from "../page/clipboard";
import { confirmed } from "../page/confirm";
import { openDialog } from "../page/dialog";
import { make, textButton } from "../page/dom";
import { toast } from "../page/toast";
import { freeName, newPassword, nextNode, type Service, serviceMemory, services, urlVariable } from "./services";

type Sandbox = Playground["sandboxes"][number];

/** The page's actions on nodes. */
export interface NodeEvents {
  now(): Playground | null;
  /** Asks the server for the playground again. */
  refresh(): Promise<void>;
  /** Gives the keys to the terminal, once the dialog is closed. */
  closed(): void;
  /** Opens a terminal in a node. */
  open(node: { id: string; name: string }): Promise<void>;
}

/** The dialog that lists the nodes of the playground, adds one and removes one. */
export class NodesDialog {
  readonly #list = make("ul", "nodes-list");
  readonly #room = make("p", "hint");
  readonly #status = make("p", "nodes-status");
  readonly #error = make("p", "share-error");
  readonly #quick = make("div", "nodes-quick");
  readonly #image = make("select", "");
  readonly #name = make("input", "");
  readonly #add = make("button", "button primary", "Add node");
  readonly #form = make("form", "nodes-form");
  readonly #keep = make("input", "");
  readonly #keeping = make("label", "nodes-keep");
  #dialog: HTMLDialogElement | null = null;
  #images: readonly CatalogImage[] = [];
  #timer = 0;
  #busy = false;
  #suggested = "";

  constructor(private readonly events: NodeEvents) {
    this.#status.setAttribute("role", "status");
    this.#error.setAttribute("role", "alert");
    this.#name.maxLength = 32;
    this.#name.pattern = "[a-z0-9]([a-z0-9\\-]*[a-z0-9])?";
    this.#name.title = "1 to 32 lower-case letters, digits and dashes, no dash at either end";
    this.#name.spellcheck = false;
    this.#name.autocomplete = "off";
    this.#name.required = true;
    this.#keep.type = "checkbox";
    const volumes = make("a", "", "volume of yours");
    volumes.href = "/volumes";
    this.#keeping.append(this.#keep, make("span", "", "Keep the data on a ", volumes, " that has the node’s name. The next database of that name goes on with it."));
    this.#image.id = "nodes-image";
    this.#name.id = "nodes-name";
    const image = make("label", "", "Image");
    image.htmlFor = this.#image.id;
    const name = make("label", "", "Name");
    name.htmlFor = this.#name.id;
    this.#form.append(make("div", "nodes-field", image, this.#image), make("div", "nodes-field", name, this.#name), this.#add);
    this.#form.addEventListener("submit", event => {
      event.preventDefault();
      const service = services.find(each => each.image === this.#image.value);
      void this.#create(this.#image.value, this.#name.value, service);
    });
    this.#image.addEventListener("change", () => this.#suggest());
  }

  open(): void {
    if (this.#dialog) {
      return;
    }
    this.#error.textContent = this.#status.textContent = "";
    this.#dialog = openDialog(
      "Nodes",
      make("p", "", "Each node is a sandbox of its own. They share a private network and reach each other by name."),
      this.#list, this.#status, this.#error, make("h3", "", "Add a node"), this.#room, this.#quick, this.#keeping, this.#form);
    this.#dialog.classList.add("nodes-dialog");
    this.#dialog.addEventListener("close", () => {
      this.#dialog = null;
      clearTimeout(this.#timer);
      // The browser has given the focus back to what had it, which may be another terminal by now.
      this.events.closed();
    });
    this.show();
    void this.#loadImages();
  }

  /** Shows the nodes as they are now. */
  show(): void {
    const playground = this.events.now();
    if (!this.#dialog || !playground) {
      return;
    }
    if (playground.state === "ended") {
      this.#dialog.close();
      return;
    }
    const key = JSON.stringify(playground.sandboxes.map(({ id, name, state }) => [id, name, state]));
    if (this.#list.dataset["key"] !== key) {
      this.#list.dataset["key"] = key;
      this.#list.replaceChildren(...playground.sandboxes.map((sandbox, index) => this.#item(playground, sandbox, index)));
    }
    const most = playground.maxNodes ?? 1;
    const isFull = playground.sandboxes.length >= most;
    this.#room.textContent = isFull ? `Your plan allows ${most} ${most === 1 ? "node" : "nodes"} in a playground. Remove one first.` : `${playground.sandboxes.length} of ${most}. The memory of each counts in your plan.`;
    for (const control of [...this.#quick.querySelectorAll("button"), this.#image, this.#name, this.#add]) {
      control.disabled = isFull || this.#busy || playground.state !== "running" || control.dataset["ready"] === "no";
    }
    if (this.#name.value === "" || this.#name.value === this.#suggested) {
      this.#suggest();
    }
  }

  #item(playground: Playground, sandbox: Sandbox, index: number): HTMLElement {
    const buttons = make("div", "nodes-buttons");
    if (sandbox.state === "running") {
      buttons.append(this.#button("Terminal", `Open a terminal in ${sandbox.name}`, () => void this.#open(sandbox)));
    }
    if (sandbox.state === "stopped") {
      buttons.append(this.#button("Start", `Start ${sandbox.name}`, () => void this.#start(sandbox)));
    }
    if (playground.sandboxes.length > 1 && sandbox.state !== "starting") {
      buttons.append(this.#button("Remove…", `Remove ${sandbox.name}`, () => void this.#remove(sandbox)));
    }
    const words = make("div", "nodes-words", make("strong", "", sandbox.name), make("span", "", `${sandbox.image}${sandbox.state === "running" ? "" : `, ${sandbox.state}`}`));
    const dot = make("span", "node-dot");
    dot.dataset["node"] = String(index);
    dot.setAttribute("aria-hidden", "true");
    const item = make("li", "", make("div", "nodes-row", dot, words, buttons));
    const service = services.find(each => each.image === sandbox.image);
    if (service && sandbox.state === "running") {
      item.append(this.#connection(sandbox, service));
    }
    return item;
  }

  #button(words: string, label: string, run: () => void): HTMLButtonElement {
    const button = textButton(words, run);
    button.setAttribute("aria-label", label);
    return button;
  }

  /** How to connect, once somebody asks for it: the password is a variable of the node. */
  #connection(sandbox: Sandbox, service: Service): HTMLElement {
    const details = make("details", "nodes-connect", make("summary", "", "How to connect"));
    details.addEventListener("toggle", () => {
      if (details.open && details.childElementCount === 1) {
        void this.#fill(details, sandbox, service);
      }
    });
    return details;
  }

  async #fill(details: HTMLElement, sandbox: Sandbox, service: Service): Promise<void> {
    const content = make("div", "");
    details.append(content);
    try {
      const { stdout } = await api<{ stdout: string }>("POST", `/api/v1/sandboxes/${sandbox.id}/exec`, { command: ["printenv", service.password] });
      const password = stdout.trim();
      const isFirst = this.events.now()?.sandboxes.find(other => other.image === sandbox.image)?.id === sandbox.id;
      content.append(make("p", "hint", `New terminals and commands in the other nodes have the address in ${urlVariable(sandbox.name)}${isFirst ? `, and in ${service.found}` : ""}. Terminals that are open already do not.`));
      content.append(...password === ""
        ? [make("p", "hint", service.image === "redis" ? `It has no password: the other nodes connect to ${sandbox.name} without one.` : "It has no password: only programs inside the node connect.")]
        : service.connect(sandbox.name, password).map(({ words, line }) => {
          const copy = this.#button("Copy", `Copy: ${words}`, () => void writeClipboard(line).then(isCopied => isCopied ? toast("Copied") : toast("The browser does not allow copying", "error")));
          return make("div", "nodes-line", make("span", "", words), make("code", "", line), copy);
        }));
    } catch (error) {
      content.append(make("p", "share-error", (error as Problem).message));
    }
  }

  async #loadImages(): Promise<void> {
    try {
      this.#images = await api<CatalogImage[]>("GET", "/api/v1/images");
    } catch (error) {
      this.#error.textContent = (error as Problem).message;
      return;
    }
    if (!this.#dialog) {
      return;
    }
    const chosen = this.#image.value;
    this.#image.replaceChildren(...this.#images.filter(image => image.state !== "failed").map(image => {
      const option = make("option", "", image.state === "ready" ? image.title : `${image.title} (being made, ${image.percent} %)`);
      option.value = image.name;
      option.disabled = image.state !== "ready";
      return option;
    }));
    const first = this.events.now()?.sandboxes[0]?.image ?? "";
    this.#image.value = [chosen, first].find(name => this.#images.some(image => image.name === name && image.state === "ready")) ?? this.#images.find(image => image.state === "ready")?.name ?? "";
    const offered = services.filter(service => this.#images.some(image => image.name === service.image && image.state !== "failed"));
    this.#keeping.hidden = offered.length === 0;
    this.#quick.replaceChildren(...offered.map(service => {
      const image = this.#images.find(each => each.name === service.image)!;
      const button = textButton(image.state === "ready" ? service.title : `${service.title} (${image.percent} %)`, () => void this.#create(service.image, freeName(service.image, this.#names()), service));
      button.dataset["ready"] = image.state === "ready" ? "yes" : "no";
      button.setAttribute("aria-label", image.state === "ready" ? `Add ${service.title}` : `${service.title}: its image is being made, ${image.percent} %`);
      return button;
    }));
    this.show();
    if (this.#images.some(image => image.state === "making")) {
      this.#timer = window.setTimeout(() => void this.#loadImages(), 2000);
    }
  }

  #names(): string[] {
    return this.events.now()?.sandboxes.map(({ name }) => name) ?? [];
  }

  #suggest(): void {
    const service = services.find(each => each.image === this.#image.value);
    this.#suggested = this.#name.value = service ? freeName(service.image, this.#names()) : nextNode(this.#names());
  }

  async #create(image: string, name: string, service?: Service): Promise<void> {
    const playground = this.events.now();
    if (!playground || this.#busy) {
      return;
    }
    this.#begin(`Starting ${name} …`);
    try {
      const body = { image, name, ...service ? { resources: { memoryMiB: serviceMemory }, ...this.#keep.checked ? { volumes: [{ name, path: service.data }] } : {} } : {} };
      const made = await api<Sandbox>("POST", `/api/v1/playgrounds/${playground.id}/sandboxes`, body, { "Idempotency-Key": crypto.randomUUID?.() ?? newPassword() });
      await this.events.refresh();
      this.#end(`${made.name} runs. The other nodes reach it as ${made.name}.`);
      this.#name.value = "";
      await this.events.open(made);
      if (service) {
        this.#list.querySelector<HTMLDetailsElement>("li:last-child details")?.setAttribute("open", "");
      } else {
        this.#dialog?.close();
      }
    } catch (error) {
      this.#end("");
      this.#error.textContent = (error as Problem).message;
    }
    this.show();
  }

  async #start(sandbox: Sandbox): Promise<void> {
    this.#begin(`Starting ${sandbox.name} …`);
    try {
      await api("POST", `/api/v1/sandboxes/${sandbox.id}/start`);
      this.#end(`${sandbox.name} runs.`);
    } catch (error) {
      this.#end("");
      this.#error.textContent = (error as Problem).message;
    }
    await this.events.refresh();
    this.show();
  }

  async #open(sandbox: Sandbox): Promise<void> {
    this.#dialog?.close();
    await this.events.open(sandbox);
  }

  async #remove(sandbox: Sandbox): Promise<void> {
    if (!await confirmed({
      title: `Remove ${sandbox.name}?`,
      text: `Its programs end, its terminals close, and every file in it is deleted permanently${sandbox.image === "docker" ? ", with its containers, images and volumes" : ""}. The other nodes go on.`,
      no: "Keep it",
      yes: "Remove it",
    })) {
      return;
    }
    this.#begin(`Removing ${sandbox.name} …`);
    try {
      await api("DELETE", `/api/v1/sandboxes/${sandbox.id}`);
      this.#end(`${sandbox.name} is removed.`);
    } catch (error) {
      this.#end("");
      this.#error.textContent = (error as Problem).message;
    }
    await this.events.refresh();
    this.show();
    this.#dialog?.querySelector<HTMLElement>("header button")?.focus();
  }

  #begin(words: string): void {
    this.#busy = true;
    this.#error.textContent = "";
    this.#status.textContent = words;
    this.show();
  }

  #end(words: string): void {
    this.#busy = false;
    this.#status.textContent = words;
  }
}
