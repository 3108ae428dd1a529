/** One of the drawings in the page's icon file; its address, which changes with its content, is read off the page. */
export function icon(name: string): SVGSVGElement {
  const href = document.querySelector(".icon use")?.getAttribute("href")?.split("#")[0] ?? "/images/icons.svg";
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `${href}#${name}`);
  svg.append(use);
  return svg;
}

export function make<K extends keyof HTMLElementTagNameMap>(tag: K, className: string, ...content: (string | Node)[]): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  element.className = className;
  element.append(...content);
  return element;
}

/** A button that shows only a drawing. */
export function iconButton(name: string, label: string, run: () => void): HTMLButtonElement {
  const button = make("button", "icon-button", icon(name));
  button.type = "button";
  button.setAttribute("aria-label", label);
  button.title = label;
  button.addEventListener("click", run);
  return button;
}

export function textButton(label: string, run: () => void, kind = ""): HTMLButtonElement {
  const button = make("button", `button small ${kind}`.trim(), label);
  button.type = "button";
  button.addEventListener("click", run);
  return button;
}

/** Asks for files, or for a folder with all that is in it. */
export function pickFiles(folder: boolean): Promise<File[]> {
  const input = document.createElement("input");
  input.type = "file";
  input.multiple = true;
  input.webkitdirectory = folder;
  return new Promise(resolve => {
    input.addEventListener("change", () => resolve([...input.files ?? []]));
    input.addEventListener("cancel", () => resolve([]));
    input.click();
  });
}
