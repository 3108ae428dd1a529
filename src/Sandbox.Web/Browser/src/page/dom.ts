export function make<K extends keyof HTMLElementTagNameMap>(tag: K, className: string, ...content: (string | Node)[]): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  element.className = className;
  element.append(...content);
  return element;
}

/** An icon of the page's icon file. Its address contains a hash, so it is read from the page. */
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

/** A button with only an icon. */
export function iconButton(name: string, label: string, run: () => void, kind = ""): HTMLButtonElement {
  const button = make("button", `icon-button ${kind}`.trim(), icon(name));
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

/** A link that opens beside this page. */
export function outside(address: string, ...content: (Node | string)[]): HTMLAnchorElement {
  const link = make("a", "", ...content);
  link.href = address;
  link.target = "_blank";
  link.rel = "noopener noreferrer nofollow";
  return link;
}
