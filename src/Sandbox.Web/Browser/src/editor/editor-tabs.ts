import { make } from "../page/dom";
import type { OpenFile } from "./open-file";

/** Requests of the tabs of open files. */
export interface EditorTabsActs {
  show(file: OpenFile): void;
  close(file: OpenFile): void;
  enter(): void;
}

/** The tabs of the open files. https://www.w3.org/WAI/ARIA/apg/patterns/tabs/ */
export class EditorTabs {
  readonly element = make("div", "editor-tabs");

  /** @param panel the id of what the tabs control */
  constructor(private readonly panel: string, private readonly acts: EditorTabsActs) {
    this.element.setAttribute("role", "tablist");
    this.element.setAttribute("aria-label", "Open files");
  }

  draw(files: readonly OpenFile[], active: OpenFile | null): void {
    const focused = this.element.contains(document.activeElement);
    this.element.replaceChildren(...files.map((file, index) => this.#tab(files, file, index, file === active)));
    this.element.hidden = files.length === 0;
    if (focused) {
      this.element.querySelector<HTMLElement>("[aria-selected='true']")?.focus();
    }
    this.element.querySelector("[aria-selected='true']")?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  #tab(files: readonly OpenFile[], file: OpenFile, index: number, isActive: boolean): HTMLElement {
    const button = make("button", "", file.name);
    button.type = "button";
    button.setAttribute("role", "tab");
    button.setAttribute("aria-selected", String(isActive));
    button.setAttribute("aria-controls", this.panel);
    button.setAttribute("aria-keyshortcuts", "Delete");
    button.tabIndex = isActive ? 0 : -1;
    button.title = file.path;
    if (file.isUnsaved) {
      const mark = make("span", "editor-unsaved", "●");
      mark.setAttribute("aria-hidden", "true");
      button.append(" ", mark, make("span", "hidden-text", " not saved"));
    }
    button.addEventListener("click", () => this.acts.show(file));
    button.addEventListener("keydown", event => {
      const to = { ArrowLeft: index - 1, ArrowRight: index + 1, Home: 0, End: files.length - 1 }[event.key];
      if (to !== undefined) {
        this.acts.show(files[(to + files.length) % files.length]!);
      } else if (event.key === "Delete") {
        this.acts.close(file);
      } else if (event.key === "ArrowDown") {
        this.acts.enter();
      } else {
        return;
      }
      event.preventDefault();
    });
    const close = make("button", "editor-tab-close", "×");
    close.type = "button";
    close.title = "Close the file";
    // A tab list contains only tabs: keyboards and screen readers close by Delete.
    close.tabIndex = -1;
    close.setAttribute("aria-hidden", "true");
    close.addEventListener("click", () => this.acts.close(file));
    const item = make("div", isActive ? "editor-tab active" : "editor-tab", button, close);
    item.setAttribute("role", "presentation");
    return item;
  }
}
