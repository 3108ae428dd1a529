import { iconButton, make } from "../page/dom";
import { places } from "../files/files-api";
import { parentOf, type Path, rootPath, shown } from "../files/path";
import { type Node, Tree } from "../files/tree";
import { TreeView } from "../files/tree-view";

/** The files beside the text. A click opens one. */
export class EditorTree {
  readonly element = make("div", "editor-files");
  readonly #where = make("p", "files-where");
  #tree: Tree | null = null;
  #view: TreeView | null = null;

  constructor(private readonly open: (sandbox: string, path: Path) => void) {
    const tools = make("div", "editor-files-tools",
      iconButton("up", "Parent directory", () => this.#tree && this.show(this.#tree.sandbox, parentOf(this.#tree.root))),
      iconButton("refresh", "Refresh", () => void this.#tree?.refresh()));
    this.element.append(make("div", "editor-files-head", this.#where, tools));
  }

  get root(): Path {
    return this.#tree?.root ?? rootPath;
  }

  /** Shows the directory of a terminal, else the home directory. */
  async begin(sandbox: string, terminal: string | null): Promise<void> {
    if (!this.#tree || this.#tree.sandbox !== sandbox) {
      const { cwd, home } = await places(sandbox, terminal).catch(() => ({ cwd: null, home: rootPath }));
      this.show(sandbox, cwd ?? home);
    }
  }

  show(sandbox: string, root: Path): void {
    this.#view?.dispose();
    this.#view?.element.remove();
    const tree = this.#tree = new Tree(sandbox, root);
    const activate = (node: Node): void => {
      if (node.kind === "directory" || node.open) {
        view.toggle(node);
      } else if (node.kind === "file") {
        this.open(sandbox, node.path);
      } else if (node.kind === "symlink") {
        void this.#follow(tree, node);
      }
    };
    const view = this.#view = new TreeView(tree, { select: () => undefined, activate, menu: () => undefined, remove: () => undefined }, "editor-files");
    view.element.addEventListener("click", event => {
      // The view has chosen the line, and opened a directory by touch or by its arrow.
      const isOpened = (event.target as Element).closest(".files-twist") || matchMedia("(pointer: coarse)").matches;
      const node = view.selected;
      if (node && event.detail === 1 && !(isOpened && node.kind === "directory")) {
        activate(node);
      }
    });
    tree.onChange = () => view.draw();
    this.#where.textContent = this.#where.title = shown(root);
    this.element.append(view.element);
    void tree.begin();
  }

  refresh(): void {
    void this.#tree?.refresh();
  }

  async #follow(tree: Tree, node: Node): Promise<void> {
    await tree.open(node);
    if (node.leadsToFile) {
      this.open(tree.sandbox, node.path);
    }
  }
}
