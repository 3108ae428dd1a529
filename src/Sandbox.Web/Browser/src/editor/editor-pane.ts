import { EditorView } from "@codemirror/view";
import { EditorState } from "@codemirror/state";
import { answered } from "../page/confirm";
import { iconButton, make, textButton } from "../page/dom";
import { toast } from "../page/toast";
import { sizeText } from "../files/sizes";
import { join, pathOf, type Path, same, shown } from "../files/path";
import { EditorTabs } from "./editor-tabs";
import { EditorTree } from "./editor-tree";
import { mostBytes, read } from "./file-content";
import { OpenFile } from "./open-file";

/** The page around an editor. */
export interface EditorPlace {
  /** The terminal that keys went to last, for the directory that the tree begins with; null without one. */
  terminal(): { id: string; sandbox: string } | null;
  sandbox(): string | null;
  close(): void;
}

/** An editor for files of the playground: open files as tabs, a tree, one text. */
export class EditorPane {
  readonly #tabs = new EditorTabs("editor-text", {
    show: file => this.#show(file),
    close: file => void this.#close(file),
    enter: () => this.focus(),
  });
  readonly #tree = new EditorTree((sandbox, path) => void this.open(sandbox, path));
  readonly #text = make("div", "editor-text");
  readonly #empty = make("p", "editor-empty", "Choose a file to edit it here.");
  readonly #bar = make("div", "editor-bar");
  readonly #save: HTMLButtonElement;
  readonly #view: EditorView;
  readonly #status = make("span", "editor-status");
  #files: OpenFile[] = [];
  #active: OpenFile | null = null;
  #isSaving = false;
  #statusTimer = 0;

  constructor(private readonly element: HTMLElement, private readonly place: EditorPlace) {
    const tree = iconButton("folder", "File tree", () => this.#toggleTree(), "editor-tree-button");
    tree.setAttribute("aria-controls", "editor-files");
    this.#tree.element.id = "editor-files";
    this.#save = textButton("Save", () => void this.save());
    this.#save.title = "Ctrl+S";
    this.#status.setAttribute("role", "status");
    this.#bar.setAttribute("role", "alert");
    this.#bar.hidden = true;
    this.#text.id = "editor-text";
    this.#text.setAttribute("role", "tabpanel");
    this.#text.setAttribute("aria-label", "Text");
    const head = make("header", "editor-head", tree, this.#tabs.element, this.#status,
      iconButton("plus", "New file", () => this.#create()), this.#save,
      iconButton("close", "Close the editor", () => this.place.close()));
    element.append(head, make("div", "editor-body", this.#tree.element, make("div", "editor-main", this.#bar, this.#text, this.#empty)));
    this.#view = new EditorView({
      state: EditorState.create(),
      parent: this.#text,
      dispatchTransactions: (transactions, view) => {
        view.update(transactions);
        for (const transaction of transactions) {
          this.#active?.take(transaction);
        }
      },
    });
    element.addEventListener("keydown", event => {
      if (event.key.toLowerCase() === "s" && (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey) {
        event.preventDefault();
        void this.save();
      }
    });
    element.addEventListener("focusin", event => {
      if (!element.contains(event.relatedTarget as Node | null)) {
        void this.refresh();
      }
    });
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden && element.checkVisibility()) {
        void this.refresh();
      }
    });
    window.addEventListener("beforeunload", event => {
      if (this.hasUnsaved && this.place.sandbox() !== null) {
        event.preventDefault();
      }
    });
    this.#draw();
  }

  get hasUnsaved(): boolean {
    return this.#files.some(file => file.isUnsaved);
  }

  /** Shows the pane with its tree, which begins in the directory of the terminal. */
  async begin(): Promise<void> {
    const terminal = this.place.terminal();
    const sandbox = terminal?.sandbox ?? this.place.sandbox();
    this.#showTree(this.#files.length === 0 || this.element.clientWidth >= 560);
    if (sandbox) {
      await this.#tree.begin(sandbox, terminal?.sandbox === sandbox ? terminal.id : null);
    }
  }

  /** Keys go to the text, or to the tree while no file is open. */
  focus(): void {
    if (this.#active) {
      this.#view.focus();
    } else {
      this.element.querySelector<HTMLElement>("[role=tree]")?.focus();
    }
  }

  /** Opens a file, at a line from 1. Says it if the file is nothing that an editor shows. */
  async open(sandbox: string, path: Path, line: number | null = null): Promise<void> {
    const known = this.#files.find(file => file.sandbox === sandbox && same(file.bytes, path));
    if (known) {
      await this.#refresh(known);
      this.#reveal(known, line);
      return;
    }
    const name = shown(path);
    try {
      const content = await read(sandbox, path);
      switch (content.kind) {
        case "text":
          this.#add(new OpenFile(sandbox, path, content.text, content.version), line);
          break;
        case "absent":
          this.#add(new OpenFile(sandbox, path, "", null), line);
          toast(`${name} is not there yet. Saving makes it.`);
          break;
        case "large":
          toast(`${name} is larger than ${sizeText(mostBytes)} and is not opened.`, "error");
          break;
        case "binary":
          toast(`${name} is not a text file and is not opened.`, "error");
          break;
        case "directory":
          this.#tree.show(sandbox, path);
          this.#showTree(true);
          break;
      }
    } catch (error) {
      toast(messageOf(error), "error");
    }
  }

  /** Saves the file that is shown. If the file on disk is another one meanwhile, the visitor decides. */
  async save(): Promise<void> {
    const file = this.#active;
    if (!file || this.#isSaving) {
      return;
    }
    this.#isSaving = true;
    try {
      const isNew = file.isNew;
      let outcome = await file.save();
      while (outcome === "changed") {
        const answer = await answered({
          title: `${file.name} has changed on disk`,
          text: "Another program changed, made or deleted the file since it was opened here. Overwriting replaces that with your text; loading replaces your text with the file.",
          no: "Cancel", yes: "Overwrite", instead: "Load from disk",
        });
        if (answer === "no") {
          return;
        }
        if (answer === "instead") {
          await this.#load(file);
          return;
        }
        outcome = await file.overwrite();
      }
      this.#status.textContent = `Saved ${file.name}`;
      window.clearTimeout(this.#statusTimer);
      this.#statusTimer = window.setTimeout(() => {
        this.#status.textContent = "";
      }, 3000);
      if (isNew) {
        this.#tree.refresh();
      }
    } catch (error) {
      toast(`${file.path} could not be saved. ${messageOf(error)}`, "error");
    } finally {
      this.#isSaving = false;
    }
  }

  /** Loads open files again that changed on disk; those with changes of the visitor stay and are marked. */
  async refresh(): Promise<void> {
    await Promise.all(this.#files.map(file => this.#refresh(file)));
  }

  async #refresh(file: OpenFile): Promise<void> {
    const outcome = await file.refresh().catch(() => "same");
    if (outcome === "loaded" && file === this.#active) {
      this.#put(file);
    }
  }

  async #load(file: OpenFile): Promise<void> {
    try {
      const outcome = await file.refresh(true);
      if (outcome === "gone") {
        toast(`${file.path} was deleted, or is no text any more. Your text is kept here.`, "error");
      } else if (file === this.#active) {
        this.#put(file);
      }
    } catch (error) {
      toast(messageOf(error), "error");
    }
  }

  #add(file: OpenFile, line: number | null): void {
    file.onChange = () => this.#draw();
    this.#files.push(file);
    this.#reveal(file, line);
  }

  #reveal(file: OpenFile, line: number | null): void {
    this.#show(file);
    if (line !== null) {
      const { from, to } = file.state.doc.line(Math.max(1, Math.min(line, file.state.doc.lines)));
      this.#view.dispatch({ selection: { anchor: from, head: to }, effects: EditorView.scrollIntoView(from, { y: "center" }) });
    }
    if (this.element.clientWidth < 560) {
      this.#showTree(false);
    }
    this.#view.focus();
  }

  #show(file: OpenFile): void {
    if (file !== this.#active) {
      this.#active = file;
      this.#put(file);
    }
    this.#draw();
  }

  #put(file: OpenFile): void {
    this.#view.setState(file.state);
    void file.colour(this.#view);
  }

  async #close(file: OpenFile): Promise<void> {
    if (file.isUnsaved && !(file.isNew && file.state.doc.length === 0)) {
      const answer = await answered({
        title: `Close ${file.name} without saving?`,
        text: "Your changes to the file are lost.",
        no: "Keep it open", yes: "Close without saving", instead: "Save and close",
      });
      if (answer === "instead") {
        this.#show(file);
        await this.save();
      }
      if (answer === "no" || (answer === "instead" && file.isUnsaved)) {
        return;
      }
    }
    const at = this.#files.indexOf(file);
    this.#files = this.#files.filter(each => each !== file);
    if (file === this.#active) {
      this.#active = null;
      const next = this.#files[Math.min(at, this.#files.length - 1)];
      if (next) {
        this.#show(next);
      } else {
        this.#showTree(true);
      }
    }
    this.#draw();
    this.focus();
  }

  #create(): void {
    const sandbox = this.place.terminal()?.sandbox ?? this.place.sandbox();
    const name = prompt(`Name of the new file in ${shown(this.#tree.root)}`)?.trim();
    if (!sandbox || !name) {
      return;
    }
    void this.open(sandbox, name.startsWith("/") ? pathOf(name) : join(this.#tree.root, name));
  }

  #draw(): void {
    this.#tabs.draw(this.#files, this.#active);
    this.#text.hidden = !this.#active;
    this.#empty.hidden = this.#active !== null;
    this.#save.hidden = !this.#active;
    this.#save.disabled = !this.#active?.isUnsaved;
    const file = this.#active;
    if (file?.isOutdated && this.#bar.dataset["path"] !== file.path) {
      this.#bar.replaceChildren(make("span", "", `${file.name} has changed on disk since you opened it.`), textButton("Load from disk", () => void this.#load(file)));
      this.#bar.dataset["path"] = file.path;
    }
    this.#bar.hidden = !file?.isOutdated;
    if (this.#bar.hidden) {
      delete this.#bar.dataset["path"];
    }
  }

  #toggleTree(): void {
    this.#showTree(this.#tree.element.hidden);
  }

  #showTree(show: boolean): void {
    this.#tree.element.hidden = !show;
    this.element.querySelector(".editor-tree-button")!.setAttribute("aria-expanded", String(show));
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : "Something went wrong.";
}
