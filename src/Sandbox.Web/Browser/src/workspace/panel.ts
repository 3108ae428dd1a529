/** One thing that can be done from a panel. */
export interface PanelAction {
  label: string;
  href?: string;
  run?: () => void;
  primary?: boolean;
}

export interface PanelContent {
  kind: "busy" | "note" | "error" | "ended";
  title: string;
  text?: string;
  percent?: number | undefined;
  actions?: PanelAction[];
}

/** What covers the terminals while there is nothing to type in: launching, queued, stopped, failed, ended. */
export class Panel {
  #shown = "";

  constructor(private readonly element: HTMLElement) {}

  show(content: PanelContent): void {
    const shown = JSON.stringify(content);
    if (shown === this.#shown && !this.element.hidden) {
      return;
    }
    this.#shown = shown;
    this.element.className = `ws-panel ${content.kind}`;
    const box = document.createElement("div");
    box.className = "ws-panel-box";
    if (content.kind === "busy") {
      box.append(make("span", "spinner"));
    }
    box.append(make("h2", "", content.title));
    if (content.text) {
      box.append(make("p", "", content.text));
    }
    if (content.percent !== undefined) {
      const bar = document.createElement("progress");
      bar.max = 100;
      bar.value = content.percent;
      bar.setAttribute("aria-label", "Progress");
      box.append(bar);
    }
    if (content.actions?.length) {
      const row = make("div", "ws-panel-actions");
      for (const action of content.actions) {
        const item = document.createElement(action.href ? "a" : "button");
        item.className = action.primary ? "button primary" : "button";
        item.textContent = action.label;
        if (action.href) {
          (item as HTMLAnchorElement).href = action.href;
        }
        if (action.run) {
          item.addEventListener("click", action.run);
        }
        row.append(item);
      }
      box.append(row);
    }
    this.element.replaceChildren(box);
    this.element.hidden = false;
  }

  hide(): void {
    this.element.hidden = true;
  }
}

function make(tag: string, className: string, text = ""): HTMLElement {
  const element = document.createElement(tag);
  element.className = className;
  element.textContent = text;
  return element;
}
