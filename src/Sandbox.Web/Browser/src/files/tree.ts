import { Problem } from "../page/api";
import { type Entry, list } from "./files-api";
import { join, nameOf, type Path, same, shown } from "./path";

/** One line of the tree: an entry, or what there is to say in an open directory. */
export interface Node {
  readonly path: Path;
  readonly kind: Entry["kind"];
  readonly size: number;
  readonly modified: Date | null;
  readonly depth: number;
  readonly parent: Node | null;
  open: boolean;
  loading: boolean;
  /** Why it cannot be shown. */
  trouble: string;
  /** A link that was followed to something that is no directory. */
  leadsToFile: boolean;
  /** Null until it was looked at. */
  children: Node[] | null;
}

/** The directories of a sandbox, as far as somebody opened them. */
export class Tree {
  onChange: () => void = () => undefined;
  showHidden = false;
  #root: Node;
  #rows: Node[] = [];

  constructor(readonly sandbox: string, root: Path) {
    this.#root = node({ name: nameOf(root), kind: "directory", size: 0, modified: new Date(0) }, root, -1, null);
  }

  get root(): Path {
    return this.#root.path;
  }

  get top(): Node {
    return this.#root;
  }

  /** The lines that show, from the top. */
  get rows(): readonly Node[] {
    return this.#rows;
  }

  canOpen(each: Node): boolean {
    return each.kind === "directory" || each.kind === "symlink";
  }

  async begin(): Promise<void> {
    await this.open(this.#root);
  }

  async open(each: Node): Promise<void> {
    if (!each.open) {
      each.open = true;
      await this.#load(each);
    }
  }

  close(each: Node): void {
    each.open = false;
    this.#changed();
  }

  hidden(show: boolean): void {
    this.showHidden = show;
    this.#changed();
  }

  /** Looks at a directory again; what is open in it stays open. */
  async refresh(each: Node = this.#root): Promise<void> {
    await this.#load(each);
    await Promise.all((each.children ?? []).filter(child => child.open).map(child => this.refresh(child)));
  }

  /** The open directory of that path, if it shows. */
  find(path: Path, from: Node = this.#root): Node | null {
    if (same(from.path, path)) {
      return from;
    }
    for (const child of from.children ?? []) {
      const found = child.open || same(child.path, path) ? this.find(path, child) : null;
      if (found) {
        return found;
      }
    }
    return null;
  }

  async #load(each: Node): Promise<void> {
    each.loading = true;
    this.#changed();
    try {
      const entries = await list(this.sandbox, each.path);
      const before = new Map((each.children ?? []).map(child => [shown(child.path), child]));
      each.children = entries.map(entry => {
        const fresh = node(entry, join(each.path, entry.name), each.depth + 1, each);
        const old = before.get(shown(fresh.path));
        if (old && old.kind === fresh.kind && same(old.path, fresh.path)) {
          fresh.open = old.open;
          fresh.children = old.children?.map(child => ({ ...child, parent: fresh })) ?? null;
        }
        return fresh;
      });
      each.trouble = "";
    } catch (error) {
      each.children = null;
      each.leadsToFile = error instanceof Problem && error.code === "no_directory";
      each.open = !each.leadsToFile;
      each.trouble = each.leadsToFile ? "" : error instanceof Problem ? error.message : "This directory cannot be shown.";
    }
    each.loading = false;
    this.#changed();
  }

  #changed(): void {
    const rows: Node[] = [];
    const add = (from: Node): void => {
      for (const child of from.children ?? []) {
        if (this.showHidden || nameOf(child.path)[0] !== 0x2e) {
          rows.push(child);
          if (child.open) {
            add(child);
          }
        }
      }
    };
    add(this.#root);
    this.#rows = rows;
    this.onChange();
  }
}

function node(entry: Entry, path: Path, depth: number, parent: Node | null): Node {
  return { path, kind: entry.kind, size: entry.size, modified: entry.modified, depth, parent, open: false, loading: false, trouble: "", leadsToFile: false, children: null };
}
