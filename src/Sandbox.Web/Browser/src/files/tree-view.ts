import { icon, make } from "../page/dom";
import { nameOf, same, shown } from "./path";
import { sizeText } from "./sizes";
import type { Node, Tree } from "./tree";
import { visibleName } from "./visible-name";

const ahead = 12;
const dates = new Intl.DateTimeFormat(undefined, { dateStyle: "short", timeStyle: "short" });

/** What a tree's keys and clicks ask for. */
export interface TreeActs {
  select(node: Node | null): void;
  activate(node: Node): void;
  menu(node: Node, at: { x: number; y: number }): void;
  remove(node: Node): void;
}

/**
 * A tree on the page. Only the lines in sight are in the document, so a directory of tens of thousands scrolls as one
 * of ten. https://www.w3.org/WAI/ARIA/apg/patterns/treeview/
 */
export class TreeView {
  readonly element = make("div", "files-tree");
  readonly #space = make("div", "files-tree-space");
  readonly #note = make("p", "files-tree-note");
  readonly #observer = new ResizeObserver(() => this.draw());
  #selected: Node | null = null;
  #typed = "";
  #typedAt = 0;
  #pressed = false;

  /** @param ids the beginning of the ids of its lines, for a page with several trees */
  constructor(private readonly tree: Tree, private readonly acts: TreeActs, private readonly ids = "files") {
    this.element.tabIndex = 0;
    this.element.setAttribute("role", "tree");
    this.element.setAttribute("aria-label", "Files");
    this.element.append(this.#space, this.#note);
    this.element.addEventListener("scroll", () => this.draw());
    this.element.addEventListener("keydown", event => this.#key(event));
    this.element.addEventListener("mousedown", () => {
      // The focus that comes of it is not one by keys, which have to begin somewhere.
      this.#pressed = true;
      setTimeout(() => {
        this.#pressed = false;
      });
    });
    this.element.addEventListener("focus", () => {
      if (!this.#pressed && !this.#selected && this.tree.rows[0]) {
        this.select(this.tree.rows[0]);
      }
    });
    this.element.addEventListener("click", event => {
      const node = this.#at(event);
      if (node) {
        this.select(node);
        if ((event.target as Element).closest(".files-twist") || matchMedia("(pointer: coarse)").matches) {
          this.toggle(node);
        }
      }
    });
    this.element.addEventListener("dblclick", event => {
      const node = this.#at(event);
      if (node && !(event.target as Element).closest(".files-twist")) {
        this.acts.activate(node);
      }
    });
    this.element.addEventListener("contextmenu", event => {
      const node = this.#at(event);
      if (node) {
        event.preventDefault();
        this.select(node);
        this.acts.menu(node, { x: event.clientX, y: event.clientY });
      }
    });
    this.#observer.observe(this.element);
  }

  get selected(): Node | null {
    return this.#selected;
  }

  dispose(): void {
    this.#observer.disconnect();
  }

  toggle(node: Node): void {
    if (node.open) {
      this.tree.close(node);
    } else if (this.tree.canOpen(node)) {
      void this.tree.open(node);
    }
  }

  select(node: Node | null): void {
    this.#selected = node;
    const index = node ? this.tree.rows.indexOf(node) : -1;
    if (index >= 0) {
      const height = this.#rowHeight();
      const { scrollTop, clientHeight } = this.element;
      if (index * height < scrollTop) {
        this.element.scrollTop = index * height;
      } else if ((index + 1) * height > scrollTop + clientHeight) {
        this.element.scrollTop = (index + 1) * height - clientHeight;
      }
    }
    this.draw();
    this.acts.select(node);
  }

  draw(): void {
    const rows = this.tree.rows;
    if (this.#selected && !rows.includes(this.#selected)) {
      // The list was read again: the same entry, if it is still there.
      const before = this.#selected.path;
      this.#selected = rows.find(each => same(each.path, before)) ?? null;
      this.acts.select(this.#selected);
    }
    const height = this.#rowHeight();
    const first = Math.max(0, Math.floor(this.element.scrollTop / height) - ahead);
    const last = Math.min(rows.length, Math.ceil((this.element.scrollTop + this.element.clientHeight) / height) + ahead);
    this.#space.style.height = `${rows.length * height}px`;
    this.#space.replaceChildren(...rows.slice(first, last).map((node, index) => this.#row(node, first + index, height)));
    const top = this.tree.top;
    this.element.setAttribute("aria-busy", String(top.loading));
    // A tree has to have items.
    this.element.setAttribute("role", rows.length > 0 || top.loading ? "tree" : "group");
    this.#note.textContent = top.trouble || (rows.length > 0 ? "" : top.loading || !top.children ? "Loading…"
      : top.children.length > 0 ? "All files here are hidden." : "This directory is empty. Drop files here, or upload some.");
    this.#note.hidden = this.#note.textContent === "";
    const shownRow = this.#selected ? rows.indexOf(this.#selected) : -1;
    if (shownRow >= first && shownRow < last) {
      this.element.setAttribute("aria-activedescendant", `${this.ids}-row-${shownRow}`);
    } else {
      this.element.removeAttribute("aria-activedescendant");
    }
  }

  #rowHeight(): number {
    return matchMedia("(pointer: coarse)").matches ? 46 : 30;
  }

  #row(node: Node, index: number, height: number): HTMLElement {
    const name = visibleName(nameOf(node.path));
    const text = name.map(piece => piece.text).join("");
    const row = make("div", "files-row");
    row.id = `${this.ids}-row-${index}`;
    row.dataset["index"] = String(index);
    row.style.top = `${index * height}px`;
    row.style.height = `${height}px`;
    row.style.paddingLeft = `${.4 + node.depth * 1.1}rem`;
    row.setAttribute("role", "treeitem");
    row.setAttribute("aria-level", String(node.depth + 1));
    row.setAttribute("aria-selected", String(node === this.#selected));
    if (node.kind === "directory" || node.children) {
      row.setAttribute("aria-expanded", String(node.open));
    }
    // Where a link leads shows only when it is followed.
    const twist = make("span", node.open ? "files-twist" : "files-twist closed");
    if (node.kind === "directory" || node.children) {
      twist.append(icon("down"));
    }
    const label = make("span", "files-name", ...name.map(piece => piece.odd ? make("span", "files-odd", piece.text) : piece.text), ...node.kind === "symlink" ? [" →"] : []);
    const more = node.loading ? "…" : node.trouble || (node.kind === "file" ? sizeText(node.size) : node.kind === "other" ? "device" : "");
    row.append(twist, icon(node.kind === "directory" ? "folder" : node.kind === "symlink" ? "link" : "file"), label, make("span", node.trouble ? "files-more bad" : "files-more", more));
    row.title = `${text}${node.kind === "file" ? `\n${sizeText(node.size)}` : ""}${node.modified ? `\n${dates.format(node.modified)}` : ""}`;
    return row;
  }

  /** By its place: the line that was pressed may be drawn anew before it is let go, and then the click is on none. */
  #at(event: MouseEvent): Node | null {
    return this.tree.rows[Math.floor((event.clientY - this.#space.getBoundingClientRect().top) / this.#rowHeight())] ?? null;
  }

  #key(event: KeyboardEvent): void {
    const rows = this.tree.rows;
    const node = this.#selected;
    const index = node ? rows.indexOf(node) : -1;
    const page = Math.max(1, Math.floor(this.element.clientHeight / this.#rowHeight()) - 1);
    const go = (to: number): void => this.select(rows[Math.max(0, Math.min(rows.length - 1, to))] ?? null);
    if (event.ctrlKey || event.metaKey || event.altKey) {
      return;
    }
    if (event.key.length > 1) {
      this.#typed = "";
    }
    switch (event.key) {
      case "ArrowDown": go(index + 1); break;
      case "ArrowUp": go(index - 1); break;
      case "PageDown": go(index + page); break;
      case "PageUp": go(index - page); break;
      case "Home": go(0); break;
      case "End": go(rows.length - 1); break;
      case "ArrowRight":
        if (node && !node.open) {
          this.toggle(node);
        } else if (node && rows[index + 1]?.parent === node) {
          go(index + 1);
        }
        break;
      case "ArrowLeft":
        if (node?.open) {
          this.toggle(node);
        } else if (node?.parent && node.parent.depth >= 0) {
          this.select(node.parent);
        }
        break;
      case "Enter":
        if (node) {
          this.acts.activate(node);
        }
        break;
      case "Delete":
        if (node) {
          this.acts.remove(node);
        }
        break;
      case "ContextMenu":
      case "F10":
        if (!node || (event.key === "F10" && !event.shiftKey)) {
          return;
        }
        {
          const box = document.getElementById(`${this.ids}-row-${index}`)?.getBoundingClientRect() ?? this.element.getBoundingClientRect();
          this.acts.menu(node, { x: box.left + 40, y: box.bottom });
        }
        break;
      default:
        if (event.key.length !== 1 || !this.#typeAhead(event.key, index)) {
          return;
        }
    }
    event.preventDefault();
  }

  /** Letters typed quickly are the beginning of a name. */
  #typeAhead(letter: string, index: number): boolean {
    const now = performance.now();
    this.#typed = now - this.#typedAt > 1000 ? letter : this.#typed + letter;
    this.#typedAt = now;
    const rows = this.tree.rows;
    const from = this.#typed.length === 1 ? index + 1 : Math.max(0, index);
    const beginning = this.#typed.toLowerCase();
    for (let step = 0; step < rows.length; step++) {
      const node = rows[(from + step) % rows.length]!;
      if (shown(nameOf(node.path)).toLowerCase().startsWith(beginning)) {
        this.select(node);
        return true;
      }
    }
    return false;
  }
}
