import { Problem } from "../page/api";
import { writeClipboard } from "../page/clipboard";
import { iconButton, make, textButton } from "../page/dom";
import { toast } from "../page/toast";
import { takeDrops } from "./drop";
import { fileUrl, makeDirectory, places, remove } from "./files-api";
import { join, nameOf, parentOf, type Path, rootPath, shown } from "./path";
import { pickFiles } from "./pick";
import { fromList, type Picked } from "./picked";
import { type Node, Tree } from "./tree";
import { TreeView } from "./tree-view";
import { onArrival, upload } from "./uploads";

/** The largest file that opens in the editor, in bytes. */
const mostEdited = 1_000_000;

/** The sandboxes there are, and the terminal that keys go to now. */
export interface FilesPlace {
  sandboxes(): { id: string; name: string }[];
  terminal(): { id: string; sandbox: string } | null;
  /** Opens a file in the editor. */
  edit(sandbox: string, path: Path): void;
}

/** Fills the side panel with the files of a sandbox. What it gives back ends it. */
export async function showFiles(element: HTMLElement, place: FilesPlace): Promise<() => void> {
  const panel = new FilesPanel(element, place);
  await panel.begin();
  return () => panel.dispose();
}

class FilesPanel {
  readonly #where = make("p", "files-where");
  readonly #body = make("div", "files-body");
  readonly #actions = make("div", "files-actions");
  readonly #menu = make("div", "menu files-menu");
  readonly #sandboxes = document.createElement("select");
  #sandbox = "";
  #tree!: Tree;
  #view: TreeView | null = null;
  #hidden = false;
  #refreshTimer = 0;
  /** How often a directory was asked for: only the last one is shown. */
  #asked = 0;
  readonly #stopListening: () => void;

  constructor(element: HTMLElement, private readonly place: FilesPlace) {
    element.classList.add("files-panel");
    const hidden = iconButton("eye", "Show hidden files", () => {
      this.#hidden = !this.#hidden;
      hidden.setAttribute("aria-pressed", String(this.#hidden));
      this.#tree.hidden(this.#hidden);
    });
    hidden.setAttribute("aria-pressed", "false");
    this.#sandboxes.setAttribute("aria-label", "Sandbox");
    this.#sandboxes.addEventListener("change", () => {
      this.#sandbox = this.#sandboxes.value;
      void this.#go("cwd");
    });
    const tools = make("div", "files-tools",
      iconButton("up", "Parent directory", () => this.#show(parentOf(this.#tree.root))),
      iconButton("refresh", "Refresh", () => void this.#tree.refresh()),
      iconButton("upload", "Upload files", () => void this.#pick(false, this.#target())),
      iconButton("folder-up", "Upload a folder", () => void this.#pick(true, this.#target())),
      iconButton("folder-plus", "New folder", () => void this.#newFolder(this.#target())),
      hidden);
    tools.setAttribute("role", "toolbar");
    tools.setAttribute("aria-label", "Files");
    const goes = make("div", "files-goes",
      textButton("Terminal", () => void this.#go("cwd")), textButton("Home", () => void this.#go("home")), textButton("/", () => this.#show(rootPath)));
    goes.children[0]!.setAttribute("title", "Working directory of the terminal");
    goes.children[2]!.setAttribute("aria-label", "Root directory");
    this.#menu.popover = "auto";
    this.#menu.addEventListener("keydown", event => {
      if (event.key === "Escape") {
        // The panel around it would take it for its own.
        event.preventDefault();
        event.stopPropagation();
        this.#menu.hidePopover();
        this.#view?.element.focus();
      }
    });
    this.#where.setAttribute("role", "status");
    element.append(this.#sandboxes, make("div", "files-head", goes, tools), this.#where, this.#body, this.#actions, this.#menu);
    takeDrops({ element: this.#body, destination: () => Promise.resolve(this.#target()), send: (to, picked) => void this.#send(to, picked) });
    this.#stopListening = onArrival((sandbox, path) => {
      if (sandbox === this.#sandbox) {
        this.#refreshSoon(path);
      }
    });
  }

  async begin(): Promise<void> {
    const sandboxes = this.place.sandboxes();
    this.#sandbox = this.place.terminal()?.sandbox ?? sandboxes[0]?.id ?? "";
    this.#sandboxes.replaceChildren(...sandboxes.map(each => new Option(each.name, each.id, false, each.id === this.#sandbox)));
    this.#sandboxes.hidden = sandboxes.length < 2;
    // Buttons and drops have a place to be about from the beginning.
    this.#tree = new Tree(this.#sandbox, rootPath);
    await this.#go("cwd");
  }

  dispose(): void {
    this.#stopListening();
    window.clearTimeout(this.#refreshTimer);
    this.#view?.dispose();
  }

  async #go(to: "cwd" | "home"): Promise<void> {
    const asked = ++this.#asked;
    try {
      const terminal = this.place.terminal();
      const { cwd, home } = await places(this.#sandbox, terminal?.sandbox === this.#sandbox ? terminal.id : null);
      if (asked === this.#asked) {
        this.#show(to === "cwd" ? cwd ?? home : home);
      }
    } catch (error) {
      if (asked !== this.#asked) {
        return;
      }
      if (!this.#view || this.#tree.sandbox !== this.#sandbox) {
        // The page shows another sandbox.
        this.#show(rootPath);
      }
      this.#where.textContent = messageOf(error);
    }
  }

  #show(root: Path): void {
    this.#asked++;
    this.#tree = new Tree(this.#sandbox, root);
    this.#tree.showHidden = this.#hidden;
    this.#view?.dispose();
    const view = this.#view = new TreeView(this.#tree, {
      select: () => this.#offer(),
      activate: node => node.kind === "directory" ? view.toggle(node) : node.kind === "symlink" ? void this.#follow(node) : this.#use(node),
      menu: (node, at) => this.#openMenu(node, at),
      remove: node => void this.#remove(node),
    });
    this.#tree.onChange = () => view.draw();
    this.#body.querySelector(".files-tree")?.remove();
    this.#body.prepend(view.element);
    this.#where.textContent = shown(root);
    this.#where.title = shown(root);
    this.#offer();
    void this.#tree.begin();
  }

  /** Where uploads and new folders go: into the chosen directory, or beside the chosen file. */
  #target(): Path {
    const node = this.#view?.selected;
    return !node ? this.#tree.root : node.kind === "directory" ? node.path : parentOf(node.path);
  }

  #acts(node: Node): { label: string; kind: string; run: () => void }[] {
    const into = node.kind === "directory" ? node.path : parentOf(node.path);
    return [
      ...node.kind === "file" ? [{ label: "Edit", kind: "", run: () => this.place.edit(this.#sandbox, node.path) }] : [],
      ...node.kind === "other" ? [] : node.kind === "symlink" ? [{ label: "Open", kind: "", run: () => void this.#follow(node) }] : [{ label: node.kind === "directory" ? "Download as .tar" : "Download", kind: "", run: () => this.#download(node) }],
      ...node.kind === "directory" ? [{ label: "Upload here", kind: "", run: () => void this.#pick(false, into) }] : [],
      { label: "Copy path", kind: "", run: () => void writeClipboard(shown(node.path)).then(done => done ? toast("Path copied") : toast("The browser blocked copying", "error")) },
      { label: "Delete", kind: "danger", run: () => void this.#remove(node) },
    ];
  }

  #offer(): void {
    const node = this.#view?.selected;
    this.#actions.hidden = !node;
    if (node) {
      this.#actions.replaceChildren(...this.#acts(node).map(act => textButton(act.label, act.run, act.kind)));
    }
  }

  #openMenu(node: Node, at: { x: number; y: number }): void {
    this.#menu.replaceChildren(...this.#acts(node).map(act => {
      const item = make("button", act.kind, act.label);
      item.type = "button";
      item.addEventListener("click", () => {
        this.#menu.hidePopover();
        act.run();
      });
      return item;
    }));
    this.#menu.showPopover();
    const { width, height } = this.#menu.getBoundingClientRect();
    this.#menu.style.inset = `${Math.max(8, Math.min(at.y, innerHeight - height - 8))}px auto auto ${Math.max(8, Math.min(at.x, innerWidth - width - 8))}px`;
    this.#menu.querySelector("button")?.focus();
  }

  /** Enter or a double click: a file that the editor shows is edited, any other is downloaded. */
  #use(node: Node): void {
    if (node.kind === "file" && node.size <= mostEdited) {
      this.place.edit(this.#sandbox, node.path);
    } else {
      this.#download(node);
    }
  }

  /** The browser's own download: it streams, shows how far it is, and can be stopped there. */
  #download(node: Node): void {
    if (node.kind === "other") {
      return;
    }
    const link = document.createElement("a");
    link.href = `${fileUrl(this.#sandbox, node.path)}${node.kind === "directory" ? "?archive=tar" : ""}`;
    link.download = "";
    link.click();
  }

  /** A link opens as a directory, or gives out the file it leads to. */
  async #follow(node: Node): Promise<void> {
    if (node.open) {
      this.#tree.close(node);
      return;
    }
    await this.#tree.open(node);
    if (node.leadsToFile) {
      this.#download(node);
    }
  }

  async #pick(folder: boolean, into: Path): Promise<void> {
    const files = await pickFiles(folder);
    if (files.length > 0) {
      try {
        await upload(this.#sandbox, into, fromList(files));
      } catch (error) {
        toast(messageOf(error), "error");
      }
    }
  }

  async #send(to: Promise<Path>, picked: Picked | Promise<Picked>): Promise<void> {
    await upload(this.#sandbox, await to, picked);
  }

  async #newFolder(into: Path): Promise<void> {
    const name = prompt(`Name of the new folder in ${shown(into)}`)?.trim();
    if (!name) {
      return;
    }
    if (name.includes("/") || name === "." || name === "..") {
      toast("A folder name cannot contain a slash or be . or ..", "error");
      return;
    }
    try {
      await makeDirectory(this.#sandbox, join(into, name));
      this.#refreshSoon(join(into, name));
    } catch (error) {
      toast(messageOf(error), "error");
    }
  }

  async #remove(node: Node): Promise<void> {
    const what = node.kind === "directory" ? "the folder and everything in it" : node.kind === "symlink" ? "the link, not what it leads to" : "the file";
    if (!confirm(`Delete ${shown(nameOf(node.path))}?\n\nThis removes ${what}. It cannot be undone.`)) {
      return;
    }
    try {
      await remove(this.#sandbox, node.path);
    } catch (error) {
      toast(messageOf(error), "error");
    }
    await this.#tree.refresh(node.parent ?? this.#tree.top);
    this.#view?.element.focus();
  }

  /** Many files arrive at once; the directory is read once they have, or every now and then. */
  #refreshSoon(path: Path): void {
    let directory: Path = parentOf(path);
    let node = this.#tree.find(directory);
    while (!node && directory.length > this.#tree.root.length) {
      directory = parentOf(directory);
      node = this.#tree.find(directory);
    }
    if (node && !this.#refreshTimer) {
      this.#refreshTimer = window.setTimeout(() => {
        this.#refreshTimer = 0;
        void this.#tree.refresh();
      }, 600);
    }
  }
}

function messageOf(error: unknown): string {
  return error instanceof Problem || (error instanceof Error && error.name === "TooMany") ? error.message : "Something went wrong.";
}
